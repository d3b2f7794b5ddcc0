//! A crowd at the doors: idle connections, slow heads, slow bodies, and everybody's login at once.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use deployment::{Connection, Deployment, Result, get, login, password_of};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::ask::{Tally, ask};
use crate::bystander::{Account, Bystander};
use crate::probe::client_credentials;
use crate::report::Line;
use crate::run::Context;

const IDLE: usize = 10_000;
const SLOW: usize = 1_000;
const LOGINS: usize = 200;
const PEOPLE: usize = 20;
/// The pace of the two bystanders.
const PACE: Duration = Duration::from_millis(20);
/// A head has 5 s and a body 10 s to arrive; by then the connection is over.
const SLOW_LIMIT: Duration = Duration::from_secs(13);
const LOGIN_BOUND: Duration = Duration::from_secs(30);
const PROMISED: &str = "every bystander is answered, in time";

pub async fn run(context: &Context) -> Result<Vec<Line>> {
    let server = context.server()?;
    let settings = [("GATEHOUSE_IDENTITY__PASSWORDS__BCRYPT_COST", "10")];
    let deployment = Deployment::start(&context.machine(server.as_ref())?, context.engine, &settings, 1).await?;
    let administrator = deployment.administrator().await?;
    for number in 0..PEOPLE {
        deployment.person(&administrator, &format!("person{number}")).await?;
    }
    let (id, secret) = deployment.application(&administrator).await?;
    let beside = Beside { auth: deployment.auth(), credentials: client_credentials(&id, &secret) };
    let bound = Duration::from_millis(if context.release { 50 } else { 500 });
    let mut lines = Vec::new();

    let watch = beside.begin();
    let idle = tokio::time::timeout(Duration::from_secs(30), idle(deployment.auth())).await??;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let seen = watch.end().await?;
    let held = idle.len();
    drop(idle);
    lines.push(seen.line(
        context,
        bound,
        format!("{held} idle connections, half of them silent from the start"),
        held > IDLE * 9 / 10,
    ));

    for (what, begin) in [
        ("a head", "GET /health HTTP/1.1\r\nhost: localhost\r\nx-slow: "),
        (
            "a body",
            "POST /v1/login/oauth/access_token HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: 1000\r\n\r\n{",
        ),
    ] {
        let watch = beside.begin();
        let ended = slow(deployment.auth(), begin).await?;
        let seen = watch.end().await?;
        let done = format!("{SLOW} clients that send {what} byte by byte, {ended} of them sent away within 13 s");
        lines.push(seen.line(context, bound, done, ended == SLOW));
    }

    let watch = beside.begin();
    let began = Instant::now();
    let mut logins = JoinSet::new();
    for number in 0..LOGINS {
        let username = format!("person{}", number % PEOPLE);
        let (auth, request) = (deployment.auth(), login(&username, &password_of(&username)));
        logins.spawn(async move { ask(auth, &request, LOGIN_BOUND).await });
    }
    let mut tally = Tally::default();
    while let Some(seen) = logins.join_next().await {
        tally.note(&seen?);
    }
    let took = began.elapsed().as_secs_f64();
    let seen = watch.end().await?;
    let orderly = tally.is_orderly() && tally.done > 0 && tally.refused == 0 && tally.cut == 0;
    lines.push(seen.line(context, bound, format!("{LOGINS} logins at once, over in {took:.1} s: {tally}"), orderly));
    Ok(lines)
}

/// A reader of the keys and a client of software, who must not notice the crowd.
struct Beside {
    auth: SocketAddr,
    credentials: Vec<u8>,
}

struct Watch {
    readers: Bystander,
    machines: Bystander,
}

struct Beheld {
    readers: Account,
    machines: Account,
}

impl Beside {
    fn begin(&self) -> Watch {
        Watch {
            readers: Bystander::begin(self.auth, get("/.well-known/jwks.json", None), PACE),
            machines: Bystander::begin(self.auth, self.credentials.clone(), PACE),
        }
    }
}

impl Watch {
    async fn end(self) -> Result<Beheld> {
        Ok(Beheld { readers: self.readers.end().await?, machines: self.machines.end().await? })
    }
}

impl Beheld {
    fn line(&self, context: &Context, bound: Duration, done: String, crowd_was_right: bool) -> Line {
        let (readers, machines) = (self.readers.p99(), self.machines.p99());
        let in_time = readers <= bound && machines <= bound;
        let all = self.readers.tally.is_all_done() && self.machines.tally.is_all_done();
        let ms = |span: Duration| span.as_secs_f64() * 1_000.0;
        let seen = format!(
            "JWKS p99 {:.0} ms ({}), client_credentials p99 {:.0} ms ({}); bound {:.0} ms",
            ms(readers),
            self.readers.tally,
            ms(machines),
            self.machines.tally,
            ms(bound)
        );
        context.lines.line(done, PROMISED, seen, in_time && all && crowd_was_right)
    }
}

/// Connections that stay open; every second one has asked once.
async fn idle(address: SocketAddr) -> Result<Vec<Idle>> {
    let mut opening = JoinSet::new();
    for share in 0..50 {
        opening.spawn(async move {
            let mut held = Vec::new();
            for number in 0..IDLE / 50 {
                if number % 2 == 0 {
                    held.extend(TcpStream::connect(address).await.ok().map(Idle::Silent));
                } else if let Ok(mut connection) = Connection::open(address).await
                    && connection.ask(&get("/health", None)).await.is_ok()
                {
                    held.push(Idle::Kept(connection));
                }
            }
            (share, held)
        });
    }
    let mut all = Vec::new();
    while let Some(held) = opening.join_next().await {
        all.extend(held?.1);
    }
    Ok(all)
}

/// A connection that does nothing; only its being open matters.
#[allow(dead_code, reason = "a connection is held, not used")]
enum Idle {
    Silent(TcpStream),
    Kept(Connection),
}

/// Sends a beginning and then a byte a second; how many connections the server ended in time.
async fn slow(address: SocketAddr, begin: &'static str) -> Result<usize> {
    let mut clients = JoinSet::new();
    for _ in 0..SLOW {
        clients.spawn(tokio::time::timeout(SLOW_LIMIT, async move {
            let Ok(mut stream) = TcpStream::connect(address).await else { return };
            let mut answer = [0; 1024];
            if stream.write_all(begin.as_bytes()).await.is_err() {
                return;
            }
            loop {
                tokio::select! {
                    read = stream.read(&mut answer) => {
                        if matches!(read, Ok(0) | Err(_)) {
                            return;
                        }
                    }
                    () = tokio::time::sleep(Duration::from_secs(1)) => {
                        if stream.write_all(b"x").await.is_err() {
                            return;
                        }
                    }
                }
            }
        }));
    }
    let mut ended = 0;
    while let Some(client) = clients.join_next().await {
        ended += usize::from(client?.is_ok());
    }
    Ok(ended)
}
