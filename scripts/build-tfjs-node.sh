#!/usr/bin/env bash
# Installs @tensorflow/tfjs-node without its download of libtensorflow: the addon is compiled from the sources in the
# package against the
# TensorFlow library of the Python wheel. From the registries of npm and pip alone.
#
#   scripts/build-tfjs-node.sh [project folder, default .]
#
# TFJS_PACKAGE=@tensorflow/tfjs-node-gpu   builds that one; with a TENSORFLOW for CUDA it can use a GPU
# TENSORFLOW=tensorflow-cpu==2.19.1        the wheel, 2.12 or newer
#
# Nothing is written to package.json, so that the next `npm install` or `npm ci` takes the package away again.
set -euo pipefail

project=$(cd "${1:-.}" && pwd)
name=${TFJS_PACKAGE:-@tensorflow/tfjs-node}
version=4.22.0
tensorflow=${TENSORFLOW:-tensorflow-cpu==2.19.1}

fail() { echo "build-tfjs-node: $*" >&2; exit 1; }
[ "$(uname -sm)" = 'Linux x86_64' ] || fail "expected Linux on x86-64, got $(uname -sm)"
for tool in node npm g++ python3; do command -v "$tool" > /dev/null \
  || fail "$tool is not on the PATH"; done
python3 -m pip --version > /dev/null 2>&1 || fail 'pip is not installed (python3 -m pip)'
[ -f "$project/package.json" ] || fail "expected a project in $project, came no package.json"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "$name@$version into $project"
# --save-prod: npm passes over a package that the project names as an optional peer, as Sluice itself does.
(cd "$project" && npm install --no-save --save-prod --ignore-scripts --no-audit --no-fund "$name@$version")
npm install --prefix "$work" --no-audit --no-fund --silent node-api-headers@1.9.0
package=$project/node_modules/$name

echo "$tensorflow, some 250 MB (600 MB for CUDA)"
platforms=(--platform manylinux2014_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux_2_27_x86_64)
python3 -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary=:all: \
  --implementation cp --python-version 3.11 "${platforms[@]}" --dest "$work" "$tensorflow"
python3 - "$work" <<'PYTHON'
import glob, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + '/*.whl')[0])
wanted = ('tensorflow/include/', 'tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2')
wheel.extractall(sys.argv[1], [name for name in wheel.namelist() if name.startswith(wanted)])
PYTHON
[ -f "$work/tensorflow/libtensorflow_cc.so.2" ] \
  || fail "the wheel has no libtensorflow_cc.so.2: use TensorFlow 2.12 or newer"

echo 'compiling tfjs_binding.node'
rm -rf "$package/deps" "$package/lib"
mkdir -p "$package/deps/lib" "$package/lib/napi-v8"
mv "$work"/tensorflow/lib*.so.2 "$package/deps/lib/"
g++ -O2 -shared -fPIC -std=c++17 -DNAPI_VERSION=8 \
  -I "$work/node_modules/node-api-headers/include" -I "$work/tensorflow/include" "$package"/binding/*.cc \
  -L "$package/deps/lib" -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 -Wl,-rpath,'$ORIGIN/../../deps/lib' \
  -o "$package/lib/napi-v8/tfjs_binding.node"

# LD_BIND_NOW: a function that the library lacks is found now, not at its first call.
cd "$project" && LD_BIND_NOW=1 TF_CPP_MIN_LOG_LEVEL=2 node -e "
  util = require('node:util');
  util.isNullOrUndefined ??= (x) => x == null; // away since Node 23
  const tf = require('$name');
  const sum = tf.sum(tf.matMul(tf.ones([2, 3]), tf.ones([3, 4]))).dataSync()[0];
  if (tf.getBackend() !== 'tensorflow' || sum !== 24) 
    throw new Error('expected 24, got ' + sum + ' by ' + tf.getBackend());
  console.log('$name', tf.version_core, 'on $tensorflow,', tf.backend().isUsingGpuDevice ? 'GPU' : 'processor');"
