#!/usr/bin/env bash
# Unpacks the libraries that Rowmill links, built for 64-bit ARM, into build/aarch64-sysroot: what the CMake
# preset `aarch64` links against. Quick when that is done already.
#
# The packages are Debian's, through the machine's own package sources, downloaded and unpacked in a folder
# of ours: no root is needed, and the machine's list of architectures stays as it is. Only the development
# packages are taken; their static libraries are what is linked.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=(zlib1g-dev libzstd-dev libutf8proc-dev libfmt-dev libcli11-dev nlohmann-json3-dev libgtest-dev
    libgmock-dev libre2-dev libjpeg62-turbo-dev libpng-dev libwebp-dev)
root="$PWD/build/aarch64-sysroot"
stamp="$root/.packages"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "${packages[*]}" ]; then exit 0; fi

rm -rf "$root"
mkdir -p "$root/.apt/lists/partial" "$root/.apt/archives/partial" "$root/.apt/packages"
touch "$root/.apt/status"
cat >"$root/.apt/apt.conf" <<END
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "";
Dir::State "$root/.apt";
Dir::State::status "$root/.apt/status";
Dir::Cache "$root/.apt";
END
export APT_CONFIG="$root/.apt/apt.conf"
echo "downloading libraries for aarch64: ${packages[*]}" >&2
apt-get update -qq >&2
(cd "$root/.apt/packages" && apt-get download -qq "${packages[@]}" >&2)
for package in "$root"/.apt/packages/*.deb; do dpkg-deb -x "$package" "$root"; done
rm -rf "$root/.apt"
echo "${packages[*]}" >"$stamp"
