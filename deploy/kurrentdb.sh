#!/bin/sh
# Starts KurrentDB with first passwords out of files: it takes them by its environment alone, and only on its first start.
set -eu
KURRENTDB_DEFAULT_ADMIN_PASSWORD=$(cat /secrets/admin-password)
KURRENTDB_DEFAULT_OPS_PASSWORD=$KURRENTDB_DEFAULT_ADMIN_PASSWORD
export KURRENTDB_DEFAULT_ADMIN_PASSWORD KURRENTDB_DEFAULT_OPS_PASSWORD
# The program has had both names.
for program in /opt/kurrentdb/KurrentDB /opt/kurrentdb/kurrentd; do
  [ ! -x "$program" ] || exec "$program"
done
echo 'There is no KurrentDB in this image.' >&2
exit 1
