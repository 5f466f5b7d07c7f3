#!/bin/sh
# Runs one of this project's tasks on a machine that may have nothing but Node: `sh tasks/run.sh --help`.
# tests/project/run_sh_test.ts runs it on fake machines: it may touch files outside the project only through commands on
# PATH (find, grep, tee), never through the shell's own tests or redirections.
set -eu

DENO=2.9.6           # the version to install
DENO_SERIES=2.9      # an installed version of this series is good enough
OLDEST_MESA=24       # the software adapter of Mesa 22.3 is about 7 times slower than that of 25.0
PACKAGES="mesa-vulkan-drivers libvulkan1"
BROWSERS="chromium google-chrome chromium-browser" # any one; tests/browser/driver.ts starts it
BACKPORTS=bookworm-backports

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
PATH=$PATH:/usr/sbin:/sbin # ldconfig lives there, and an ordinary user's PATH may lack it

say() { printf 'run.sh: %s\n' "$*" >&2; }

fail() {
  say "$1"
  if [ $# -gt 1 ]; then say "run this once, then repeat your command:" && printf '  %s\n' "$2" >&2; fi
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# The names of the tasks in tasks/ that deno.json lists, one per line.
tasks() { sed -n '/^  "tasks": {/,/^  }/s/^    "\([a-z]*\)": ".* tasks\/.*/\1/p' "$root/deno.json"; }

usage() {
  cat <<USAGE
Usage: sh tasks/run.sh TASK [ARGS...]

Finds Deno $DENO_SERIES or installs it with npm; finds a Vulkan driver or installs Mesa's software driver (as root on
Debian and Ubuntu), else prints the command that does; then runs 'deno task TASK ARGS...'. It does not change what is
good enough already. Paths in ARGS are relative to the project's folder, wherever you run this from.

With --distributed, train, evaluate, predict and bench share their work with the other ranks that mpirun or srun started:
  mpirun -np 2 sh tasks/run.sh train --distributed
--allow-read=PATHS and --allow-write=PATHS before TASK replace the places of its permission set, as an error may say.

Tasks: $(tasks | tr '\n' ' ')
       sh tasks/run.sh TASK --help explains one.

Options:
  --driver   only install or upgrade the Vulkan driver (as root on Debian and Ubuntu)
  -h, --help show this
USAGE
}

# --- Deno -----------------------------------------------------------------------------------------------------

# Is this a Deno that is good enough?
good_deno() {
  case $("$1" --version 2>/dev/null) in
    "deno $DENO_SERIES."*) return 0 ;;
    *) return 1 ;;
  esac
}

# Can npm install under this prefix?
writable() {
  for place in "$1/lib/node_modules" "$1/lib" "$1"; do
    if [ -e "$place" ]; then [ -w "$place" ] && return 0 || return 1; fi
  done
  return 1
}

# Sets $deno to the command that runs Deno, and adds its folder to PATH, where tasks look for it.
find_deno() {
  for deno in "$(command -v deno || :)" "${DENO_INSTALL:-${HOME:-}/.deno}/bin/deno"; do
    if [ -x "$deno" ] && good_deno "$deno"; then
      PATH=$(dirname -- "$deno"):$PATH
      return 0
    fi
  done
  if ! have npm && ! have npx; then
    if have apt-get; then
      fail "neither Deno $DENO_SERIES nor npm, which can install it, is available" "$(as_root "apt-get install -y npm")"
    fi
    fail "neither Deno $DENO_SERIES nor npm, which can install it, is available: install one of them"
  fi
  # Another Deno on PATH is the user's choice: it is kept, and npx runs the required version.
  if ! have deno && have npm && prefix=$(npm prefix -g 2>/dev/null) && writable "$prefix"; then
    say "installing Deno $DENO with npm install -g"
    if npm install -g --no-audit --no-fund --loglevel=error "deno@$DENO" >&2 && good_deno "$prefix/bin/deno"; then
      deno=$prefix/bin/deno
      PATH=$prefix/bin:$PATH
      return 0
    fi
    say "npm install -g did not install a working Deno"
  fi
  have npx || fail "cannot run Deno $DENO: npx, which comes with Node, is missing"
  say "running Deno $DENO through npx"
  deno="npx --yes deno@$DENO"
}

# --- The Vulkan driver ----------------------------------------------------------------------------------------

is_root() { [ "$(id -u)" = 0 ]; }

# A command line that runs the given one as root.
as_root() {
  if is_root; then
    printf '%s' "$1"
  elif have sudo; then
    printf 'sudo sh -c "%s"' "$1"
  else
    printf 'su -c "%s"' "$1"
  fi
}

driver_files() {
  find /etc/vulkan/icd.d /usr/local/etc/vulkan/icd.d /usr/share/vulkan/icd.d /usr/local/share/vulkan/icd.d \
    "${HOME:-}/.local/share/vulkan/icd.d" -name '*.json' 2>/dev/null
}

driver_found() {
  ldconfig -p 2>/dev/null | grep -q 'libvulkan\.so\.1' || return 1
  [ -n "${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-}}" ] || [ -n "$(driver_files)" ]
}

hardware_found() {
  [ -n "$(find /dev -maxdepth 2 \( -path '/dev/dri/renderD*' -o -path '/dev/nvidia[0-9]*' -o -path /dev/dxg \) \
    2>/dev/null)" ]
}

is_bookworm() { grep -q '^VERSION_CODENAME=bookworm$' /etc/os-release 2>/dev/null; }

# Will tasks run on a software adapter that is too old, on the one system known to offer a newer one?
driver_slow() {
  is_bookworm && ! hardware_found || return 1
  mesa=$(dpkg-query -W -f '${Version}\n' mesa-vulkan-drivers 2>/dev/null | head -n 1)
  major=${mesa%%.*}
  case $major in
    '' | *[!0-9]*) return 1 ;;
    *) [ "$major" -lt "$OLDEST_MESA" ] ;;
  esac
}

apt_update() {
  apt-get update -qq >&2 || say "apt-get update failed; using the existing package lists"
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "$@" >/dev/null
}

# 'CODENAME URI' of every package list that apt knows after an update.
# shellcheck disable=SC2016 # apt-get expands these names
apt_sources() { apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' "$@" 2>/dev/null; }

has_backports() { apt_sources | grep -q "^$BACKPORTS "; }

# Adds the backports to apt's sources, on the mirror that the other sources use.
add_backports() {
  has_backports && return 0
  uri=$(apt_sources 'Origin: Debian' | sed -n 's/^bookworm //p' | head -n 1)
  [ -n "$uri" ] || return 1
  say "adding $BACKPORTS to apt's sources"
  printf 'deb %s %s main\n' "$uri" "$BACKPORTS" | tee "/etc/apt/sources.list.d/$BACKPORTS.list" >/dev/null
  apt_update
  has_backports
}

# As root: installs Mesa from the backports on Debian 12. Fails if they are not available.
install_from_backports() {
  # shellcheck disable=SC2086 # two packages
  add_backports && apt_install -t "$BACKPORTS" $PACKAGES
}

# The command line that installs a good driver on Debian or Ubuntu.
driver_command() {
  if ! is_bookworm; then
    as_root "apt-get update && apt-get install -y $PACKAGES"
  elif has_backports; then
    as_root "apt-get update && apt-get install -y -t $BACKPORTS $PACKAGES"
  else
    as_root "sh '$root/tasks/run.sh' --driver"
  fi
}

install_driver() {
  if ! have apt-get; then
    for manager in "dnf install -y mesa-vulkan-drivers vulkan-loader" "pacman -S vulkan-swrast vulkan-icd-loader" \
      "zypper install libvulkan_lvp libvulkan1"; do
      if have "${manager%% *}"; then fail "there is no Vulkan driver" "$(as_root "$manager")"; fi
    done
    fail "there is no Vulkan driver: install Mesa's (its software driver is called lavapipe) and the Vulkan loader"
  fi
  is_root || fail "there is no Vulkan driver, and installing one requires root" "$(driver_command)"
  say "there is no Vulkan driver: installing Mesa's software driver with apt-get (about a minute)"
  apt_update
  if is_bookworm; then
    install_from_backports && return 0
    say "$BACKPORTS is not available: installing bookworm's Mesa, which is about 7 times slower"
  fi
  # shellcheck disable=SC2086 # two packages
  apt_install $PACKAGES || fail "apt-get could not install $PACKAGES"
}

# Makes sure that tasks find an adapter, and a fast one if possible.
ensure_driver() {
  [ "$(uname -s)" = Linux ] || return 0 # macOS and Windows have their own
  if ! driver_found; then
    install_driver
    driver_found || fail "no Vulkan driver was found, although $PACKAGES are installed"
  elif driver_slow; then
    if ! is_root; then
      say "the software adapter of Mesa $mesa is about 7 times slower than that of Mesa 25; to upgrade it, run:"
      printf '  %s\n' "$(driver_command)" >&2
      return 0
    fi
    say "the software adapter of Mesa $mesa is about 7 times slower than that of Mesa 25: upgrading it"
    apt_update
    install_from_backports || say "$BACKPORTS is not available: keeping the slow driver"
  fi
}

# --- Several ranks --------------------------------------------------------------------------------------------

distributed() {
  for arg in "$@"; do [ "$arg" = --distributed ] && return 0; done
  return 1
}

# The names of the MPI libraries that fit what started this rank: Open MPI's, or those with MPICH's ABI.
mpi_names() {
  if [ -n "${OMPI_COMM_WORLD_RANK:-}${PMIX_RANK:-}" ]; then
    echo libmpi.so.40
  elif [ -n "${PMI_RANK:-}" ]; then
    echo libmpich.so.12 libmpi.so.12 libmpi_cray.so.12
  else
    echo libmpi.so.40 libmpich.so.12 libmpi.so.12 libmpi_cray.so.12
  fi
}

# Prints the absolute path of the MPI library.
find_mpi() {
  if [ -n "${MPI_LIBRARY:-}" ]; then
    echo "$MPI_LIBRARY"
    return 0
  fi
  for name in $(mpi_names); do
    # Modules and conda set these; ldconfig knows the system's.
    for folder in $(printf '%s' "${LD_LIBRARY_PATH:-}" | tr : ' ') ${CONDA_PREFIX:+"$CONDA_PREFIX/lib"}; do
      found=$(find "$folder" -maxdepth 1 -name "$name" 2>/dev/null | head -n 1)
      if [ -n "$found" ]; then echo "$found" && return 0; fi
    done
    found=$(ldconfig -p 2>/dev/null | sed -n "s,^[[:space:]]*$name .* => ,,p" | head -n 1)
    if [ -n "$found" ]; then echo "$found" && return 0; fi
  done
  return 1
}

mpi_missing() {
  if have dnf; then
    fail "there is no MPI library that fits (the module mpi/openmpi-x86_64 loads an installed one)" \
      "$(as_root "dnf install -y openmpi")"
  elif have apt-get; then
    fail "there is no MPI library that fits" "$(as_root "apt-get update && apt-get install -y openmpi-bin")"
  fi
  fail "there is no MPI library that fits: load your cluster's module, or name the library with MPI_LIBRARY=/PATH/libmpi.so" \
    "conda install -c conda-forge openmpi"
}

# PCI addresses of the GPUs of this machine or container, one per line: 0000:65:00.0.
gpus() {
  {
    for node in $(find /dev/dri -name 'renderD*' 2>/dev/null); do
      basename "$(readlink -f "/sys/class/drm/$(basename "$node")/device")"
    done
    find /proc/driver/nvidia/gpus -mindepth 1 -maxdepth 1 2>/dev/null | sed 's,.*/,,'
  } | grep -E '^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9]$' | sort -u
}

# Gives each rank of a machine with several GPUs its own. WebGPU cannot name one, so the others are hidden from Vulkan by
# Mesa's layer, which works for every driver that tells PCI addresses, NVIDIA's included.
choose_gpu() {
  share=no
  for arg in "$@"; do
    case $arg in --software) return 0 ;; --share-gpu) share=yes ;; esac
  done
  local_rank=${OMPI_COMM_WORLD_LOCAL_RANK:-${MPI_LOCALRANKID:-${SLURM_LOCALID:-${PALS_LOCAL_RANKID:-0}}}}
  found=$(gpus)
  count=$(printf '%s' "$found" | grep -c . || :)
  if [ "$count" -eq 0 ] || [ -n "${DRI_PRIME:-}" ]; then return 0; fi
  if [ "$local_rank" -ge "$count" ] && [ "$share" = no ]; then
    fail "rank $local_rank of this machine has no GPU of its own, there are $count: start fewer ranks, or add --share-gpu"
  fi
  if [ "$count" -eq 1 ]; then return 0; fi
  layer=$(find /etc/vulkan /usr/share/vulkan /usr/local/share/vulkan -name 'VkLayer_MESA_device_select.json' 2>/dev/null)
  [ -n "$layer" ] || fail "cannot give each rank its own of $count GPUs without Mesa's Vulkan layer, which comes with its drivers" \
    "$(as_root "apt-get install -y mesa-vulkan-drivers")"
  own=$(printf '%s\n' "$found" | sed -n "$((local_rank % count + 1))p" | tr ':.' '__')
  export DRI_PRIME="pci-$own!"
}

# Makes sure that the tests of several ranks find both implementations; without one they fail.
ensure_mpi() {
  missing=
  have mpirun.openmpi || missing="$missing openmpi-bin"
  have mpirun.mpich || missing="$missing mpich"
  [ -n "$missing" ] || return 0
  have apt-get || fail "Open MPI and MPICH are needed as mpirun.openmpi and mpirun.mpich, as Debian names them"
  # shellcheck disable=SC2086 # one or two packages
  install_for_tests $missing
}

# Installs what tests need as root on Debian and Ubuntu; otherwise prints the command that does, and fails.
install_for_tests() {
  is_root || fail "there is no $*" "$(as_root "apt-get update && apt-get install -y $*")"
  say "installing $* with apt-get"
  apt_update
  apt_install "$@" || fail "apt-get could not install $*"
}

# --- The browser that tests drive -----------------------------------------------------------------------------

browser_found() {
  for name in $BROWSERS; do have "$name" && return 0; done
  return 1
}

# Makes sure that the tests in a browser find one; without it they fail.
ensure_browser() {
  if browser_found; then return 0; fi
  if ! have apt-get; then
    for manager in "dnf install -y chromium" "pacman -S chromium" "zypper install chromium"; do
      if have "${manager%% *}"; then fail "there is no Chromium" "$(as_root "$manager")"; fi
    done
    if have brew; then fail "there is no Chromium" "brew install --cask chromium"; fi
    fail "there is no Chromium: put one of these on PATH: $BROWSERS"
  fi
  install_for_tests chromium
  browser_found || fail "no browser was found, although chromium is installed"
}

# Replaces this shell by a rank of the task.
run_rank() {
  task=$1
  shift
  mpi=$(find_mpi) || mpi_missing
  choose_gpu "$@"
  # Whole messages through shared memory: copies by the kernel took fifty times as long.
  : "${OMPI_MCA_btl_vader_single_copy_mechanism:=none}"
  export OMPI_MCA_btl_vader_single_copy_mechanism
  # shellcheck disable=SC2086 # $deno and $grants may be several words
  exec $deno run -q "-P=$task-distributed" "--allow-ffi=$mpi" $grants "tasks/$task.ts" "$@" --mpi-library "$mpi"
}

# --- The task -------------------------------------------------------------------------------------------------

# Permissions of a rank beyond its set come before the task, as the error that asks for them says.
grants=
while :; do
  case ${1-} in
    --allow-read=*' '* | --allow-write=*' '*) say "a path in $1 has a blank: give the folder above it" && exit 2 ;;
    --allow-read=* | --allow-write=*) grants="$grants $1" && shift ;;
    *) break ;;
  esac
done

case ${1-} in
  '') usage >&2; exit 2 ;;
  -h | --help) usage; exit 0 ;;
  --driver) ensure_driver; exit 0 ;;
esac
case $1 in test:mpi | test:browser) known=yes ;; *) known=no ;; esac
if [ $known = no ] && ! tasks | grep -qx -e "$1"; then
  say "unknown task '$1'; tasks are: $(tasks | tr '\n' ' ')"
  exit 2
fi
find_deno
case $1 in
  download | unzip | import | inspect | masks | phantom | convert | compile) ;; # these need no adapter
  test:mpi) ensure_mpi && ensure_driver ;;
  test:browser) ensure_browser && ensure_driver ;;
  *) ensure_driver ;;
esac
export PATH DENO_NO_UPDATE_CHECK=1
cd -- "$root"
case $1 in
  train | evaluate | predict | bench) if distributed "$@"; then run_rank "$@"; fi ;;
esac
if [ -n "$grants" ]; then
  task=$1
  shift
  # shellcheck disable=SC2086 # several words
  exec $deno run -q "-P=$task" $grants "tasks/$task.ts" "$@"
fi
# shellcheck disable=SC2086 # $deno may be several words
exec $deno task --quiet "$@"
