#!/bin/sh
# Makes the secrets of docker-compose.yml in deploy/secrets, once.
#
#   deploy/make-secrets.sh
#   docker-compose --env-file deploy/secrets/compose.env up --build --detach
#
# Every secret is drawn from the kernel; there is no default password. What exists is never overwritten: the databases
# cannot be read without the keys they were sealed with. To start anew, remove the volume of PostgreSQL and the folder.
# Keep a copy of the two master keys apart from the backups of the database.
#
# Needs: base64, dd, mktemp, mv, od, tr.
set -eu
umask 077

# Who runs the services in the containers, and so must own the files: whoever made them, but never root.
user=$(id -u)
group=$(id -g)
if [ "$user" = 0 ]; then
    user=10001
    group=10001
fi

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=$here/secrets
if [ -e "$folder" ]; then
    echo "make-secrets.sh: $folder exists and is not touched; its secrets are in use" >&2
    exit 1
fi

# All or nothing: written beside, then moved.
unfinished=$(mktemp -d "$here/secrets.XXXXXX")
trap 'rm -rf -- "$unfinished"' EXIT
trap 'exit 1' HUP INT TERM

random() {
    dd if=/dev/urandom bs="$1" count=1 2>/dev/null
}

# Unpadded base64url (RFC 4648, section 5) of so many random bytes.
base64url() {
    random "$1" | base64 | tr '+/' '-_' | tr -d '=\n'
}

# So many random bytes in hexadecimal.
hexadecimal() {
    random "$1" | od -An -v -tx1 | tr -d ' \n'
}

put() {
    cat >"$unfinished/$1"
}

# Deployment keys: a number and 256 bits, the current one first.
printf '1:%s\n' "$(base64url 32)" | put auth-master.key
printf '1:%s\n' "$(base64url 32)" | put identity-master.key

# What each service shows to the other over gRPC: 256 bits.
printf '%s\n' "$(hexadecimal 32)" | put auth-to-identity.secret
printf '%s\n' "$(hexadecimal 32)" | put identity-to-auth.secret

# The first administrator, `admin`: 144 bits, and one character of each kind whatever a tenant asks for.
printf '%s.aA1\n' "$(base64url 18)" | put admin-password

# The database: for the server that is made with it, and for the services in the form that libpq reads (host, port,
# database, user, password). libpq passes over a password file that others than its owner can read.
password=$(hexadecimal 32)
printf '%s\n' "$password" | put postgres-password
printf 'postgres:5432:*:gatehouse:%s\n' "$password" | put pgpass

# What docker-compose fills into docker-compose.yml; no secret.
printf 'GATEHOUSE_USER=%s:%s\n' "$user" "$group" | put compose.env

# Git takes nothing from this folder.
printf '*\n' | put .gitignore

# A tool that is missing has left something short.
for check in auth-master.key:46 identity-master.key:46 auth-to-identity.secret:65 identity-to-auth.secret:65 \
    admin-password:29 postgres-password:65; do
    size=$(wc -c <"$unfinished/${check%:*}")
    if [ "$((size))" != "${check#*:}" ]; then
        echo "make-secrets.sh: ${check%:*} came out wrong; nothing is kept" >&2
        exit 1
    fi
done

if [ "$(id -u)" = 0 ]; then
    chown -R "$user:$group" "$unfinished"
fi
mv -- "$unfinished" "$folder"
trap - EXIT

cat <<END
Made $folder.

Start:  docker-compose --env-file deploy/secrets/compose.env up --build --detach
Log in: user 'admin', password in $folder/admin-password
END
