/** How often a task is tried that fails by itself. */
const TRIES = 3;

/**
 * What a task runs. Slurm tells the shell, the shell tells the process, and the process commits the splits in work and
 * ends with 130: then the task goes back into the queue, as often as it takes. One that fails (1), or that a signal has
 * killed (137: mostly for its memory; 134, 139), is tried three times in all; a wrong command line (2) or a guard (3)
 * would end the same way again. Its failures are counted in a file: SLURM_RESTART_COUNT counts time limits as well.
 * What Slurm does not take back ends as it ended, so that nothing behind it begins.
 * @param command as the shell takes it
 * @param failures file with a line for each failure, as the shell takes it; deleted when the task ends for good
 */
export const slurmScript = (command: string, failures: string): string => `#!/bin/sh
failures=${failures}
told=
${command} &
child=$!
trap 'told=1; kill -USR1 $child 2>/dev/null' USR1 TERM
wait $child
code=$?
# A signal ends the wait, not the process.
while [ -n "$told" ]; do
  told=
  wait $child
  again=$?
  [ $again -eq 127 ] || code=$again
done
job="$SLURM_JOB_ID"
[ -n "$SLURM_ARRAY_JOB_ID" ] && job="\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
requeue() {
  scontrol requeue "$job" && exit 0
  echo "sluice: $job was not queued again: sluice slurm --retry submits what is missing" >&2
  exit $code
}
[ $code -eq 130 ] && requeue
if [ $code -eq 1 ] || [ $code -gt 128 ]; then
  # Where this cannot be written, failures cannot be counted: no further try.
  echo $code >> "$failures" || exit $code
  tries=$(wc -l < "$failures")
  echo "sluice: ended with $code, try $((tries)) of ${TRIES}" >&2
  [ "$tries" -lt ${TRIES} ] && requeue
fi
rm -f "$failures"
exit $code
`;
