#!/bin/bash
# Runs both services on SQLite in one container: the trial image of deploy/Dockerfile. Not for production, where each
# service is a container of its own (docker-compose.yml).
#
#   docker run --name gatehouse --publish 127.0.0.1:4000:4000 --publish 127.0.0.1:4001:4001 \
#     --volume gatehouse:/var/lib/gatehouse/data gatehouse/trial
#
# Secrets are made at the first start, drawn from the kernel; there is no default password. Ends when either service ends.
set -euo pipefail
umask 077

secrets=data/secrets
password=data/admin-password

# A secret that exists is never made anew: the databases cannot be read without the keys they were sealed with. Written
# beside and then moved, so that a start that is cut short leaves no half secret.
make() {
    [ -e "$1" ] && return
    cat >"$1.new"
    mv "$1.new" "$1"
}

random() {
    head --bytes="$1" /dev/urandom
}

# Unpadded base64url (RFC 4648, section 5).
base64url() {
    base64 --wrap=0 | tr '+/' '-_' | tr --delete '='
}

hexadecimal() {
    od --address-radix=n --output-duplicates --format=x1 | tr --delete ' \n'
}

mkdir --parents "$secrets"
make "$secrets/auth-master.key" < <(printf '1:%s\n' "$(random 32 | base64url)")
make "$secrets/identity-master.key" < <(printf '1:%s\n' "$(random 32 | base64url)")
make "$secrets/auth-to-identity.secret" < <(printf '%s\n' "$(random 32 | hexadecimal)")
make "$secrets/identity-to-auth.secret" < <(printf '%s\n' "$(random 32 | hexadecimal)")
# 144 bits, and one character of each kind whatever a tenant asks for.
make "$password" < <(printf '%s.aA1\n' "$(random 18 | base64url)")

identity-service migrate
auth-service migrate

identity-service serve &
identity=$!
auth-service serve &
auth=$!
asked=
trap 'asked=yes' TERM INT

# Said last, where a person looks.
tell() {
    until auth-service health && identity-service health; do sleep 0.2; done 2>/dev/null
    cat <<END

Gatehouse is ready: http://127.0.0.1:4000/docs/ and http://127.0.0.1:4001/docs/, where these ports are published.
The administrator is 'admin'; the password: docker exec $HOSTNAME cat $password
END
}
tell &
telling=$!

# Whichever ends first takes the other along, and so does a signal, which alone is no failure.
wait -n "$auth" "$identity" || true
kill "$auth" "$identity" "$telling" 2>/dev/null || true
wait
[ "$asked" ]
