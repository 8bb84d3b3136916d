#!/usr/bin/env bash
# The first quarter of an hour on a GPU, from a pack that pack.sh has made: no network, nvcc or JDK is needed there.
#
#   bench/gpu/first_run.sh 1 [--pack DIR] [--out DIR] [--rehearse]     at most 330 s: is it right, how fast is it
#   bench/gpu/first_run.sh 2 [--pack DIR] [--out DIR] [--rehearse]     at most 300 s: what call 1 leaves to be done
#
# Every step has a limit of its own and leaves one line of JSON in OUT/steps.jsonl as it ends, so that a call that is cut off
# keeps what it had. Call 2 reads those of call 1: if all were green it runs the sanitizers, torch's rivals and a model's
# step, and otherwise memcheck on the tests that failed, with their seeds, and every form by itself. --rehearse takes a
# pack of pack.sh --rehearse and no device. README.md says what the numbers decide.
set -uo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
call=${1-}
shift || true
pack=$here/pack
out=
rehearse=
while (($# > 0)); do
  case $1 in
    --pack) pack=${2-}; shift ;;
    --out) out=${2-}; shift ;;
    --rehearse) rehearse=1 ;;
    *) echo "first_run.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift
done
case $call in
  1) budget=330 ;;
  2) budget=300 ;;
  *) echo "first_run.sh: say which call, 1 or 2" >&2; exit 2 ;;
esac
[[ -x $pack/cuda_test ]] || { echo "first_run.sh: no cuda_test in $pack; pack.sh makes it" >&2; exit 2; }
out=${out:-$here/../results/gpu}
mkdir -p "$out"
pack=$(readlink -f "$pack")
export LD_LIBRARY_PATH=$pack${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export CUDA_MODULE_LOADING=EAGER PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
device=cuda
[[ -z $rehearse ]] || device=emulated
python=${PYTHON:-python3}
gpu=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | head -n 1 || true)
failed=

now() { date +%s.%N; }
started=$(now)
left() { awk -v b="$budget" -v s="$started" -v n="$(now)" 'BEGIN { printf "%d", b - (n - s) }'; }

# note NAME STATUS SECONDS LOG: the last line of the log that is JSON goes along.
note() {
  local data
  data=$(grep -a '^{' "$4" 2>/dev/null | tail -n 1)
  printf '{"call": %s, "step": "%s", "status": %s, "seconds": %s, "device": "%s", "data": %s}\n' "$call" "$1" "$2" "$3" "${gpu:-none}" "${data:-null}" \
    | tee -a "$out/steps.jsonl"
  [[ $2 == 0 || $2 == skipped ]] || failed=1
}

# step NAME LIMIT COMMAND...
step() {
  local name=$1 limit=$2 status=0 begin rest log
  shift 2
  log=$out/$call-$name.log
  rest=$(left)
  if ((rest < 5)); then
    : >"$log"
    note "$name" '"no time left"' 0 "$log"
    return
  fi
  begin=$(now)
  timeout -k 5 $((limit < rest ? limit : rest)) "$@" >"$log" 2>"$log.err" || status=$?
  note "$name" "$status" "$(awk -v a="$begin" -v b="$(now)" 'BEGIN { printf "%.1f", b - a }')" "$log"
}

skip() {
  printf '{"call": %s, "step": "%s", "status": "skipped", "reason": "%s"}\n' "$call" "$1" "$2" | tee -a "$out/steps.jsonl"
}

py() { "$python" "$here/first_run.py" "$1" --pack "$pack" --device "$device"; }
export -f py
export python here pack device

# All device tests, a part in each of four processes.
tests() {
  local parts=("head_step_" "ghost_" "clip_ direction_ mimic_ head_score_" "--not head_step_ ghost_ clip_ direction_ mimic_ head_score_") pids=() n status=0
  for n in "${!parts[@]}"; do
    # shellcheck disable=SC2086  # several words
    "$pack/cuda_test" ${parts[n]} >"$out/tests-$n.log" 2>&1 &
    pids+=($!)
  done
  for n in "${!pids[@]}"; do wait "${pids[n]}" || status=1; done
  cat "$out"/tests-*.log
  printf '{"parts": ["%s", "%s", "%s", "%s"]}\n' "$(tail -n 1 "$out/tests-0.log")" "$(tail -n 1 "$out/tests-1.log")" "$(tail -n 1 "$out/tests-2.log")" "$(tail -n 1 "$out/tests-3.log")"
  return $status
}
export -f tests
export out

if [[ $call == 1 ]]; then
  : >"$out/steps.jsonl"
  step versions 30 bash -c 'py versions'
  step tests 100 bash -c tests
  step races 50 bash -c 'py races'
  step ghost_dot 60 bash -c 'py ghost_dot'
  step head_step 30 bash -c 'py head_step'
  step replay 20 bash -c 'py replay'
  step bandwidth 40 bash -c 'py bandwidth'
  problems=24
  [[ -z $rehearse ]] || problems=1
  step accuracy 60 "$python" "$here/accuracy.py" --library "$pack/libgradmimic.so" --out "$out/accuracy.json" --device "$device" --problems $problems \
    $([[ -z $rehearse ]] || echo row_dot projected_dot mimic_weights scale_rows --types f32)
  if command -v ncu >/dev/null 2>&1 && [[ -z $rehearse ]]; then
    step profile 60 ncu --clock-control none --launch-count 40 --csv --section SpeedOfLight --section Occupancy "$pack/cuda_test" ghost_dot_agrees_on
  else
    skip profile "no ncu here"
  fi
else
  reds=$(grep -ahoE '[a-z_0-9]+: .*\(GRADMIMIC_SEED=[0-9]+\)' "$out"/tests-*.log 2>/dev/null | sed -E 's/^([a-z_0-9]+): .*GRADMIMIC_SEED=([0-9]+).*/\1 \2/' | sort -u | head -n 4)
  red=$(grep -a '"call": 1' "$out/steps.jsonl" 2>/dev/null | grep -avcE '"status": (0|"skipped")' || true)
  if [[ ! -s $out/steps.jsonl ]]; then
    echo "first_run.sh: call 2 reads what call 1 left in $out/steps.jsonl, and there is nothing" >&2
    exit 2
  fi
  sanitizer=$(command -v compute-sanitizer || true)
  if ((red > 0)); then
    echo "call 1 was red: $red steps" >&2
    while read -r name seed; do
      [[ -n $name ]] || continue
      if [[ -n $sanitizer ]]; then
        step "memcheck-$name" 60 env GRADMIMIC_SEED="$seed" "$sanitizer" --tool memcheck --error-exitcode 9 "$pack/cuda_test" "$name"
      else
        step "again-$name" 60 env GRADMIMIC_SEED="$seed" "$pack/cuda_test" "$name"
      fi
    done <<<"$reds"
    for form in float mma wgmma; do
      step "form-$form" 30 env GRADMIMIC_FIRST_RUN_FORM=$form bash -c 'py races'
    done
  else
    if [[ -n $sanitizer ]]; then
      step memcheck 80 "$sanitizer" --tool memcheck --error-exitcode 9 "$pack/cuda_test" ghost_dot_ projected_ row_dot
      step racecheck 60 "$sanitizer" --tool racecheck --error-exitcode 9 "$pack/cuda_test" ghost_dot_keeps
      step synccheck 40 "$sanitizer" --tool synccheck --error-exitcode 9 "$pack/cuda_test" ghost_dot_gives
    else
      for tool in memcheck racecheck synccheck; do skip $tool "no compute-sanitizer here"; done
    fi
    step rivals 90 bash -c 'py rivals'
    step model 90 bash -c 'py model'
  fi
fi
printf 'call %s: %s s of %s, %s\n' "$call" "$(awk -v a="$started" -v b="$(now)" 'BEGIN { printf "%.1f", b - a }')" "$budget" "${failed:+red}${failed:-green}" | sed 's/red1/red/'
[[ -z $failed ]]
