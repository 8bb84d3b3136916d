#!/bin/sh
# ptxas_report.sh NVCC ARGUMENTS...: compiles, and keeps what ptxas says of registers and spills (-Xptxas -v)
# beside the object as OBJECT.ptxas. Everything else nvcc says is passed on.
previous=
object=
for argument in "$@"; do
  [ "$previous" = -o ] && object=$argument
  previous=$argument
done
case $object in
  *.o) ;;
  *) exec "$@" ;;
esac
"$@" 2>"$object.ptxas"
status=$?
grep -v -e '^ptxas info' -e '^    [0-9]* bytes stack frame' -e '^$' "$object.ptxas" >&2
exit $status
