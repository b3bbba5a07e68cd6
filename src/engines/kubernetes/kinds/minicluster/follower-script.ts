import { followerMark } from '../../../../domain/pod-layout.ts';
import { fluxFiles, miniClusterLayout } from './place.ts';

const { marks, work, commands } = miniClusterLayout;

/** Of an agent that brings inputs nothing is heard; what is wrong with its pod the engine sees. */
const silenceSeconds = 3600;

/** What the lead has each follower do, by `flux exec`. The first argument says what; the second is the step's directory. */
export const followerScript = `case $1 in
  wait)
    read -r up rest </proc/uptime
    begun=\${up%.*}
    until [ -e '${marks}/${followerMark}' ]; do
      read -r up rest </proc/uptime
      [ $((\${up%.*} - begun)) -lt ${silenceSeconds} ] || { echo 'refused agent-lost the agent of another pod has not brought the inputs'; exit 1; }
      sleep 0.1
    done
    read -r words <'${marks}/${followerMark}'
    [ "$words" = go ] || { printf '%s\\n' "$words"; exit 1; } ;;
  story)
    cd "\${2:-${work}}" || exit 1
    while IFS= read -r path; do
      if [ -d "$path" ]; then echo "directory $path"; elif [ -e "$path" ]; then echo "file $path"; fi
    done <'${commands}/${fluxFiles.outputs}' ;;
  fetch)
    cd "\${2:-${work}}" || exit 1
    command -v base64 >/dev/null 2>&1 || { echo 'the image has no base64' >&2; exit 1; }
    # As text: of what goes through \`flux exec\` lines are cut at their first NUL.
    { tar -c -f - -T - || : >'${marks}/fetch-failed'; } | base64
    [ ! -e '${marks}/fetch-failed' ] ;;
esac
`;
