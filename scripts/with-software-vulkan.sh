#!/usr/bin/env bash
# Runs a command with a Vulkan driver that computes on the processor (SwiftShader), so that WebGPU is tested without a
# GPU:
#   scripts/with-software-vulkan.sh npx vitest run test/conformance/executors.test.ts
# Driver and Vulkan loader are those of an installed Chromium; where there is none they are unpacked from Debian's
# packages into SLUICE_VULKAN (default: sluice-vulkan in the user's cache folder), and nothing is installed: that needs
# apt-get and dpkg-deb the first time.
set -euo pipefail
[ $# -gt 0 ] || { echo "expected a command, as in: $0 npx vitest run test/conformance/executors.test.ts" >&2; exit 2; }
folder=${SLUICE_VULKAN:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice-vulkan}

installed=/usr/lib/chromium
if [ -f "$installed/libvk_swiftshader.so" ] && [ -f "$installed/libvulkan.so.1" ]; then
  mkdir -p "$folder"
elif [ ! -f "$folder/complete" ]; then
  for tool in apt-get dpkg-deb; do
    command -v "$tool" >/dev/null ||
      { echo "$tool is not installed: fetching the driver needs Debian or Ubuntu" >&2; exit 2; }
  done
  mkdir -p "$folder"
  (
    cd "$folder"
    apt-get -qq download chromium-common libvulkan1 >&2
    for package in *.deb; do dpkg-deb -x "$package" . && rm "$package"; done
    find . -name libvk_swiftshader.so | grep -q . ||
      { echo "the package chromium-common has no libvk_swiftshader.so" >&2; exit 2; }
  )
  touch "$folder/complete"
fi
# The manifest and the path of libraries are read from wherever the command goes.
folder=$(cd "$folder" && pwd)
[ ! -f "$folder/complete" ] || installed=$folder
# The manifest may say where a browser would look for the library: ours says where it is.
library=$(find "$installed" -name libvk_swiftshader.so | head -n 1)
printf '{"file_format_version": "1.0.0", "ICD": {"library_path": "%s", "api_version": "1.1.0"}}\n' \
  "$library" >"$folder/driver.json"
loader=$(dirname "$(find "$installed" -name 'libvulkan.so.1' | head -n 1)")
VK_DRIVER_FILES="$folder/driver.json" LD_LIBRARY_PATH="$loader${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$@"
