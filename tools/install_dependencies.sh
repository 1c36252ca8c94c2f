#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The list of all packages that Cortexgrad needs, and their installer for Debian and Ubuntu.
#   tools/install_dependencies.sh          installs missing packages (quick if there are none)
#   tools/install_dependencies.sh --tests  also installs the packages that only tests need, for comparison
#   tools/install_dependencies.sh --list   prints the list
# Debian's packages come from apt. So does oneDNN if Debian has version 3 or newer (Debian 13); otherwise (Debian 12 has
# version 2) it comes from PyPI as two pinned wheels whose SHA-256 is checked, unpacked into build/onednn. Exit code 2:
# a package is missing and cannot be installed from here; the script prints the command to run.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/script.sh"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

packages=(
  g++ cmake ninja-build pkgconf   # compiler, build system
  python3 ca-certificates         # download the wheels and unpack them
  libhdf5-dev                     # cohort files, weights, run folders
  libnifti2-dev zlib1g-dev        # headers of NIfTI volumes, gzip
  libeigen3-dev                   # matrix products of the losses, ridge regression
  doctest-dev librapidcheck-dev   # tests, property tests
  libtomlplusplus-dev libcli11-dev libfmt-dev nlohmann-json3-dev   # configuration, command line, text, JSON
  libssl-dev                      # libcrypto: SHA-256 digests
  librandom123-dev                # Philox, the counter-based random generator
  libcairo2-dev                   # pictures of volumes as PNG
)
test_packages=(                   # with Chromium 454 MB to download, 1.9 GB on the disk, for a bare Debian 12
  mricron-data                    # templates of the brain at 1 and 2 mm
  python3-nibabel python3-scipy   # another reader of NIfTI with its own files, another resampling
  python3-torch python3-h5py      # PyTorch's checkpoints and features, for comparison with ours
  dpkg-dev                        # names the libraries that the .deb depends on
  texlive-latex-base              # compiles results.tex
)
# What our HTML pages look like: 137 MB to download, 460 MB on the disk. Ubuntu has no such package (only a snap).
grep -qs '^ID=ubuntu' /etc/os-release || test_packages+=(chromium)
onednn_version=2023.2.0           # = oneDNN v3.2.0 with OpenMP of GCC
onednn_wheels=(
  onednn_cpu_gomp        2f22a54d6a890ed14bfa185d42a4be65d8b5b1df85dc1f0f3a9abe31620416fb
  onednn_devel_cpu_gomp  9763c69e8c907e119056bd52ad918ca84ac9ba939d130a99dfa95ccca3e5e284
)
assorthead_version=0.2.2          # headers of umappp 3.2.0, for the UMAP of a study's report, and of what it uses
assorthead=(assorthead 671c0d71241bc667589761f5f04bc47f318a049b6044374559e6c082ca6999c1)
assorthead_folders=''
for name in umappp knncolle irlba aarand subpar sanisizer Eigen; do
  assorthead_folders+=include/$name,licenses/$name,
done
template_version=0.10.4           # of nilearn, whose wheel contains the MNI152 template: for the tests
template_wheel=(nilearn 48a800e6117ebea8a70b2f0a080b16109e225731605c9243ff103e9a27bf9cac)
template=nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz

case ${1:-} in
  '' | --list) ;;
  --tests) packages+=("${test_packages[@]}") ;;
  *) unknown_word "$1" --tests --list --help ;;
esac
if [ "${1:-}" = --list ]; then
  printf '%s\n' "${packages[@]}" "${test_packages[@]}" "libdnnl-dev >= 3, otherwise:" \
    "onednn-cpu-gomp==$onednn_version" "onednn-devel-cpu-gomp==$onednn_version" "assorthead==$assorthead_version" \
    "nilearn==$template_version"
  exit 0
fi

installed=" $(dpkg-query -W -f '${Package}=${db:Status-Status} ' "${packages[@]}" 2>/dev/null || true)"
missing=()
for package in "${packages[@]}"; do
  [[ $installed == *" $package=installed "* ]] || missing+=("$package")
done
# oneDNN: the wheels that are here; or Debian's, installed or to be installed; or the wheels.
onednn="$root/build/onednn"
three_or_newer() { [ -n "$1" ] && [ "$1" != "(none)" ] && dpkg --compare-versions "$1" ge 3; }
wheels_are_here() { [ "$(cat "$onednn/version" 2>/dev/null)" = "$onednn_version" ] && [ -d "$onednn/share/doc" ]; }
debian_has_onednn() {
  three_or_newer "$(LC_ALL=C apt-cache policy libdnnl-dev 2>/dev/null | sed -n 's/^ *Candidate: //p')"
}
onednn_is_here() {
  wheels_are_here || three_or_newer "$(dpkg-query -W -f '${Version}' libdnnl-dev 2>/dev/null || true)"
}
if ! onednn_is_here && [ ${#missing[@]} = 0 ] && debian_has_onednn; then missing+=(libdnnl-dev); fi
if [ ${#missing[@]} -gt 0 ]; then
  command="apt-get install -y --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      as_root="sudo"
    else
      printf 'error: missing packages: %s\nAs root, run:\n  sudo %s\n' "${missing[*]}" "$command" >&2
      exit 2
    fi
  fi
  echo "Installing ${missing[*]}"
  # Only now the lists of packages are surely there.
  { ${as_root:-} apt-get update -q &&
    if ! onednn_is_here && debian_has_onednn; then command="${command% libdnnl-dev} libdnnl-dev"; fi &&
    DEBIAN_FRONTEND=noninteractive ${as_root:-} $command; } >&2 || {
    printf 'error: the installation failed. Fix what apt-get reports above, or run:\n  sudo %s\n' "$command" >&2
    exit 2
  }
fi

if ! onednn_is_here; then
  echo "Downloading oneDNN 3 (PyPI, 2 wheels, hash-checked) into build/onednn"
  rm -rf "$onednn" && mkdir -p "$onednn"
  python3 "$root/tools/fetch_wheels.py" "$onednn" "$onednn_version" "${onednn_wheels[@]}" || {
    printf 'error: oneDNN was not downloaded. Check the network (PyPI must be reachable), then run:\n  %s\n' "$0" >&2
    exit 2
  }
  echo "$onednn_version" >"$onednn/version"
fi

headers="$root/build/assorthead"  # without them a report has PCA alone
if [ "$(cat "$headers/version" 2>/dev/null)" != "$assorthead_version" ] && [ ! -e "$headers/not_downloaded" ]; then
  echo "Downloading the headers of UMAP (PyPI, assorthead's source archive, hash-checked) into build/assorthead"
  rm -rf "$headers" && mkdir -p "$headers"
  if python3 "$root/tools/fetch_wheels.py" --source "${assorthead_folders%,}" "$headers" "$assorthead_version" \
      "${assorthead[@]}"; then
    echo "$assorthead_version" >"$headers/version"
  else  # only once, so that a build without a network does not try again each time
    printf 'UMAP was not downloaded: reports of studies show PCA alone. With a network:\n  rm -r %s && %s\n' \
      "$headers" "$0" >&2
    touch "$headers/not_downloaded"
  fi
fi

volumes="$root/build/test_volumes"
if [ "${1:-}" = --tests ] && [ "$(cat "$volumes/version" 2>/dev/null)" != "$template_version" ]; then
  echo "Downloading the MNI152 template (PyPI, nilearn's wheel, hash-checked) into build/test_volumes"
  mkdir -p "$volumes"
  python3 "$root/tools/fetch_wheels.py" --file "$template" "$volumes" "$template_version" "${template_wheel[@]}" || {
    printf 'error: the template was not downloaded. Check the network (PyPI), then run:\n  %s --tests\n' "$0" >&2
    exit 2
  }
  echo "$template_version" >"$volumes/version"
fi
