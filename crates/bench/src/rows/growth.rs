//! The database of auth does not grow with the tokens of software.

use super::{Plan, tokens};
use crate::database;
use crate::report::Line;
use deployment::{Deployment, Result};

/// Rows of auth's database before and after many tokens.
pub async fn machine_tokens(deployment: &Deployment, plan: Plan) -> Result<Vec<Line>> {
    let (engine, url) = (deployment.engine, deployment.auth_database());
    tokens::client_credentials(deployment, plan, "ES256", 1.0).await?;
    let before = database::rows(engine, url)?;
    // The logins of the administrator, who makes the applications anew, add a session and an event.
    tokens::client_credentials(deployment, plan, "ES256", 1.0).await?;
    #[allow(clippy::cast_precision_loss)]
    let grown = (database::rows(engine, url)? - before) as f64;
    Ok(vec![
        Line::at_most("rows added by machine tokens, auth", engine.name(), grown - 2.0, 0.0, "rows")
            .noted("beside the session and the event of one login"),
    ])
}
