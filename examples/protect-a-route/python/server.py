"""An API with one protected route: verifies the token, then asks whether its holder may read ledgers."""

import json
import os
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt

ISSUER = os.environ.get("ISSUER", "http://127.0.0.1:4000")
# Fetches the keys once, again after 5 minutes, and at a key it does not know.
KEYS = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", lifespan=300, timeout=5)


def verify(token):
    """The claims of an access token of this issuer; raises jwt.PyJWTError for anything else."""
    claims = jwt.decode(
        token,
        KEYS.get_signing_key_from_jwt(token).key,
        algorithms=["RS256", "ES256", "EdDSA"],
        issuer=ISSUER,
        options={"require": ["exp", "iat", "sub"], "verify_aud": False},
    )
    # An ID token has the same issuer and the same keys, and is no permission to call anything.
    if claims.get("token_use") != "access":
        raise jwt.InvalidTokenError("not an access token")
    return claims


def allowed(token, resource, action):
    """Whether the holder of the token may do this; only a clear yes is one."""
    question = json.dumps({"resource": resource, "action": action}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{ISSUER}/v1/authorize", question, headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)["authorized"] is True


class Api(BaseHTTPRequestHandler):
    def do_GET(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        try:
            if self.path != "/ledgers":
                return self.answer(404, {"message": "There is nothing here."})
            if scheme.lower() != "bearer" or not token:
                return self.answer(401, {"message": "Send an access token."})
            claims = verify(token)
            if not allowed(token, "ledgers", "get"):
                return self.answer(403, {"message": "You may not read ledgers."})
            self.answer(200, {"ledgers": [], "for": claims["sub"]})
        except jwt.PyJWKClientConnectionError:
            self.answer(503, {"message": "Permissions cannot be checked now. Try again soon."})
        except jwt.PyJWTError:
            self.answer(401, {"message": "The token is not valid. Ask for a new one."})
        except urllib.error.HTTPError as refused:
            # 401: ended before its time, by a logout for example.
            status = 401 if refused.code == 401 else 503
            self.answer(status, {"message": "The token was refused." if status == 401 else "Try again soon."})
        except OSError:
            self.answer(503, {"message": "Permissions cannot be checked now. Try again soon."})

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Api).serve_forever()
