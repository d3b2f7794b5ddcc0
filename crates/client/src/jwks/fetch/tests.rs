use crypto::jws::{Algorithm, SigningKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Fetches from a server that answers every connection with this.
async fn fetched(answer: Vec<u8>) -> Result<JwkSet, FetchFault> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let serving = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4096];
            let read = stream.read(&mut head).await.unwrap();
            assert!(head[..read].starts_with(b"GET /.well-known/jwks.json HTTP/1.1\r\n"));
            // Who has read enough goes away.
            let _ = stream.write_all(&answer).await;
        }
    };
    let fetch = Fetch::new(&JwksSettings::default(), &issuer).unwrap();
    tokio::select! {
        () = serving => unreachable!(),
        fetched = fetch.once() => fetched,
    }
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}connection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn published() -> Vec<u8> {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    JwkSet::from_public(&[key.public_jwk().clone()]).unwrap().json().to_vec()
}

#[tokio::test]
async fn published_keys_are_read() {
    assert_eq!(fetched(answer("200 OK", "", &published())).await.unwrap().len(), 1);
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let redirect = answer("302 Found", "location: /.well-known/jwks.json\r\n", b"");
    assert!(matches!(fetched(redirect).await, Err(FetchFault::Status(StatusCode::FOUND))));
}

#[tokio::test]
async fn anything_but_200_brings_no_keys() {
    for status in ["204 No Content", "404 Not Found", "503 Service Unavailable"] {
        assert!(matches!(fetched(answer(status, "", &published())).await, Err(FetchFault::Status(_))), "{status}");
    }
}

#[tokio::test]
async fn a_body_over_one_mebibyte_is_not_read_to_its_end() {
    let keys = published();
    let padded = |length: usize| [vec![b' '; length - keys.len()], keys.clone()].concat();
    assert!(fetched(answer("200 OK", "", &padded(MOST_BYTES))).await.is_ok());
    assert!(matches!(fetched(answer("200 OK", "", &padded(MOST_BYTES + 1))).await, Err(FetchFault::TooLarge)));
    // Neither where no length is told.
    let endless = [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec(), vec![b' '; 2 * MOST_BYTES]].concat();
    assert!(matches!(fetched(endless).await, Err(FetchFault::TooLarge)));
}

#[tokio::test]
async fn what_is_no_set_of_usable_keys_brings_none() {
    assert!(matches!(fetched(answer("200 OK", "", b"<html>")).await, Err(FetchFault::Document(_))));
    assert!(matches!(fetched(answer("200 OK", "", b"{\"keys\":[]}")).await, Err(FetchFault::NoKey)));
}

#[test]
fn keys_come_over_https_or_from_loopback() {
    let at = |issuer: &str| place(&JwksSettings::default(), issuer).map(|url| url.to_string());
    for right in ["https://id.example.com", "http://127.0.0.1:4000", "http://[::1]:4000", "http://localhost:4000"] {
        assert_eq!(at(right), Ok(format!("{right}/.well-known/jwks.json")));
    }
    assert_eq!(
        at("http://id.example.com").unwrap_err().to_string(),
        "the keys of tokens must come over https, or http from a loopback address, not \
         'http://id.example.com/.well-known/jwks.json'"
    );
    let elsewhere = JwksSettings { url: "http://auth.internal/jwks".to_owned(), ..JwksSettings::default() };
    assert!(place(&elsewhere, "https://id.example.com").is_err());
}
