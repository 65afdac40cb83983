#!/bin/sh
# Makes a private certificate authority, a certificate for each service, and the passwords of the engines' users.
#
#   certificates.sh <directory>/<host>...      as in: kurrentdb/kurrentdb-1 mongodb/mongodb-1 crm/crm-1 proxy/proxy
#
# Writes into SECRETS_DIR (/secrets). What is there stays; a certificate is made anew where it ends within 30 days or is
# for other names. CRM_HOST is the name, or the address, by which people reach the product.
set -eu
umask 077

secrets=${SECRETS_DIR:-/secrets}
public=${CRM_HOST:-localhost}
authority=$secrets/authority
organisation='BPO Assistant CRM'
days=397
month=2592000

main() {
  mkdir -p "$authority"
  [ -s "$authority/ca.crt" ] || make_authority
  for each in "$@"; do
    certify "${each%%/*}" "${each#*/}"
  done
  for directory in kurrentdb mongodb; do
    [ -d "$secrets/$directory" ] || continue
    for user in admin crm; do
      once "$secrets/$directory/$user-password" openssl rand -hex 24
    done
  done
  write_urls "$(hosts_of kurrentdb 2113 "$@")" "$(hosts_of mongodb 27017 "$@")"
  # mongod runs as a user of its own, in this group.
  chmod 750 "$secrets/mongodb"
  chmod 640 "$secrets"/mongodb/*
}

make_authority() {
  cat > "$authority/ca.cnf" <<END
[req]
distinguished_name = name
prompt = no
x509_extensions = extensions
[name]
O = $organisation
CN = $organisation private CA
[extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
END
  openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -config "$authority/ca.cnf" \
    -keyout "$authority/ca.key" -out "$authority/ca.new" 2> /dev/null
  mv "$authority/ca.new" "$authority/ca.crt"
}

# certify <directory> <host>
certify() {
  place=$secrets/$1
  names="DNS:$2, DNS:localhost, IP:127.0.0.1"
  case $1 in
    # KurrentDB takes for a node of its cluster whoever has the CN that it has itself.
    kurrentdb) unit=KurrentDB common=kurrentdb-node ;;
    # MongoDB takes for a member of its set whoever has the O and OU that it has itself: nobody else may have them.
    mongodb) unit=MongoDB common=$2 ;;
    *) unit=CRM common=$2 names="$names, $(public_name)" ;;
  esac
  mkdir -p "$place"
  copy_authority "$1"
  if [ "$(cat "$place/$2.names" 2> /dev/null)" = "$names" ] &&
    openssl x509 -in "$place/$2.crt" -noout -checkend "$month" > /dev/null; then
    return
  fi
  cat > "$place/$2.cnf" <<END
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = $names
END
  openssl req -new -newkey rsa:2048 -nodes -subj "/O=$organisation/OU=$unit/CN=$common" \
    -keyout "$place/$2.key.new" -out "$place/$2.csr" 2> /dev/null
  openssl x509 -req -in "$place/$2.csr" -CA "$authority/ca.crt" -CAkey "$authority/ca.key" \
    -set_serial "0x$(openssl rand -hex 16)" -days "$days" -sha256 -extfile "$place/$2.cnf" -out "$place/$2.crt.new" 2> /dev/null
  openssl verify -CAfile "$authority/ca.crt" "$place/$2.crt.new" > /dev/null
  mv "$place/$2.key.new" "$place/$2.key"
  mv "$place/$2.crt.new" "$place/$2.crt"
  # mongod wants both in one file.
  [ "$1" != mongodb ] || cat "$place/$2.crt" "$place/$2.key" > "$place/$2.pem"
  printf '%s' "$names" > "$place/$2.names"
  rm "$place/$2.csr" "$place/$2.cnf"
}

# KurrentDB wants a directory with nothing else in it.
copy_authority() {
  mkdir -p "$secrets/$1/ca"
  cp "$authority/ca.crt" "$secrets/$1/ca/ca.crt"
  [ "$1" = kurrentdb ] || mv "$secrets/$1/ca/ca.crt" "$secrets/$1/ca.crt"
  rmdir "$secrets/$1/ca" 2> /dev/null || true
}

public_name() {
  case $public in
    *[!0-9.]*) printf 'DNS:%s' "$public" ;;
    *) printf 'IP:%s' "$public" ;;
  esac
}

# once <file> <command>...   what the command says, where there is no file yet
once() {
  file=$1
  shift
  [ -s "$file" ] && return
  "$@" | tr -d '\n' > "$file.new"
  mv "$file.new" "$file"
}

# hosts_of <directory> <port> <directory>/<host>...   as a URL has them
hosts_of() {
  directory=$1 port=$2 list=
  shift 2
  for each in "$@"; do
    [ "${each%%/*}" = "$directory" ] && list="$list${list:+,}${each#*/}:$port"
  done
  printf '%s' "$list"
}

# write_urls <hosts of KurrentDB> <hosts of MongoDB>
write_urls() {
  printf 'kurrentdb://crm:%s@%s?tls=true&tlsCAFile=/secrets/ca.crt\n' \
    "$(cat "$secrets/kurrentdb/crm-password")" "$1" > "$secrets/crm/event-store-url"
  printf 'mongodb://crm:%s@%s/crm?replicaSet=crm&authSource=admin&tls=true&tlsCAFile=/secrets/ca.crt\n' \
    "$(cat "$secrets/mongodb/crm-password")" "$2" > "$secrets/crm/store-url"
}

main "$@"
