// An API with one protected route: verifies the token, then asks whether its holder may read ledgers.

import { createServer, type ServerResponse } from "node:http";
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from "jose";

const issuer = process.env.ISSUER ?? "http://127.0.0.1:4000";
// Fetches the keys once, again after a while, and at a key it does not know.
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));

/** The claims of an access token of this issuer; throws for anything else. */
async function verify(token: string): Promise<JWTPayload> {
  const options = { issuer, algorithms: ["RS256", "ES256", "EdDSA"], requiredClaims: ["exp", "iat", "sub"] };
  const { payload } = await jwtVerify(token, keys, options);
  // An ID token has the same issuer and the same keys, and is no permission to call anything.
  if (payload.token_use !== "access") throw new errors.JWTInvalid("not an access token");
  return payload;
}

/** The status of a question: 200 for a clear yes, 403 for no, 401 where the token was ended before its time. */
async function ask(token: string, resource: string, action: string): Promise<number> {
  const answer = await fetch(`${issuer}/v1/authorize`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ resource, action }),
    signal: AbortSignal.timeout(5000),
  });
  if (answer.status === 401) return 401;
  if (!answer.ok) throw new Error(`the question was answered ${answer.status}`);
  const { authorized } = (await answer.json()) as { authorized?: unknown };
  return authorized === true ? 200 : 403;
}

function reply(response: ServerResponse, status: number, body: object): void {
  if (status === 401) response.setHeader("www-authenticate", "Bearer");
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

const server = createServer(async (request, response) => {
  if (request.url !== "/ledgers") return reply(response, 404, { message: "There is nothing here." });
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (!token) return reply(response, 401, { message: "Send an access token." });
  try {
    const claims = await verify(token);
    const status = await ask(token, "ledgers", "get");
    if (status === 401) return reply(response, 401, { message: "The token was ended. Ask for a new one." });
    if (status === 403) return reply(response, 403, { message: "You may not read ledgers." });
    reply(response, 200, { ledgers: [], for: claims.sub });
  } catch (error) {
    const unreachable = error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError);
    if (unreachable) return reply(response, 503, { message: "Permissions cannot be checked now. Try again soon." });
    reply(response, 401, { message: "The token is not valid. Ask for a new one." });
  }
});
server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1");
