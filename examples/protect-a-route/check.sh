#!/bin/sh
# Asks a running example what it must answer, with tokens of a running Gatehouse.
#
#   ADMIN_PASSWORD=… AUTH=http://127.0.0.1:4000 IDENTITY=http://127.0.0.1:4001 ./check.sh http://127.0.0.1:8080
set -eu
API=$1
AUTH=${AUTH:-http://127.0.0.1:4000}
IDENTITY=${IDENTITY:-http://127.0.0.1:4001}
JSON='Content-Type: application/json'

field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }
log_in() { curl -sS "$AUTH/v1/login/oauth/access_token" -H "$JSON" -d "$1"; }
expect() {
    got=$(curl -s -o /dev/null -w '%{http_code}' "$API/ledgers" -H "$3")
    [ "$got" = "$1" ] || { echo "✗ $2: $got instead of $1"; exit 1; }
    echo "✓ $2: $1"
}

LOGIN=$(log_in "{\"grantType\":\"password\",\"username\":\"admin\",\"password\":\"$ADMIN_PASSWORD\"}")
TOKEN=$(printf '%s\n' "$LOGIN" | field accessToken)
ID_TOKEN=$(printf '%s\n' "$LOGIN" | field idToken)
# An application of a product that has nothing to do with ledgers.
FEES=$(curl -sS "$IDENTITY/v1/applications" -H "Authorization: Bearer $TOKEN" -H "$JSON" -d '{"name":"plugin-fees","description":"Example"}')
CLIENT_ID=$(printf '%s\n' "$FEES" | field clientId)
CLIENT_SECRET=$(printf '%s\n' "$FEES" | field clientSecret)
OTHER=$(log_in "{\"grantType\":\"client_credentials\",\"clientId\":\"$CLIENT_ID\",\"clientSecret\":\"$CLIENT_SECRET\"}" | field accessToken)
# The last ten characters of the signature, turned around.
FORGED=$(printf '%s' "$TOKEN" | sed 's/\(.\)\(.\)\(.\)\(.\)\(.\).....$/\5\4\3\2\1AAAAA/')

expect 401 'no token' 'X-Nothing: 1'
expect 401 'nonsense' 'Authorization: Bearer nonsense'
expect 401 'a forged signature' "Authorization: Bearer $FORGED"
expect 401 'an ID token' "Authorization: Bearer $ID_TOKEN"
expect 200 'who may' "Authorization: Bearer $TOKEN"
expect 403 'who may not' "Authorization: Bearer $OTHER"
curl -sS -o /dev/null "$AUTH/v1/logout" --data-urlencode "id_token_hint=$ID_TOKEN"
expect 401 'after the logout' "Authorization: Bearer $TOKEN"
