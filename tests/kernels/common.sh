# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the scripts of this folder share; sourced by them.

KERNELS_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/vm/common.sh
. "$KERNELS_DIR/../vm/common.sh"

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# column LIST NAME NUMBER: what a list of this folder says about a kernel.
column()
{
	lines "$KERNELS_DIR/$1" |
		awk -v name="$2" -v column="$3" '
			$1 == name { print $column; found = 1 }
			END { exit !found }' ||
		die "tests/kernels/$1 has no kernel \"$2\""
}

# mirror LABEL: the address from which this machine has the archive of that
# label, "Debian" or "Debian-Security".
mirror()
{
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(LABEL) $(REPO_URI)' \
		'Created-By: Packages' 'Origin: Debian' |
		awk -v label="$1" '$1 == label { print $2; exit }'
}

find_mirrors()
{
	main=$(mirror Debian)
	if [ -z "$main" ]; then
		"$TOP/tests/deps" --update
		main=$(mirror Debian)
	fi
	[ -n "$main" ] ||
		die "apt knows no mirror of Debian on this machine"
	security=$(mirror Debian-Security)
	# Mirrors that carry both have them side by side.
	[ -n "$security" ] || security=${main%/}-security
	[ -r "$KEYRING" ] || "$TOP/tests/deps" kernels
	[ -r "$KEYRING" ] ||
		die "no $KEYRING; it is in the package debian-archive-keyring"
}

# configure DIR SUITE,...: an apt of our own in DIR, which has nothing in
# common with that of the machine but the mirrors and the way to them.
configure()
{
	local main security suite uri

	find_mirrors
	rm -rf "$1"
	mkdir -p "$1"/{state/lists/partial,cache/archives/partial} \
		"$1"/etc/{apt.conf.d,preferences.d}
	touch "$1/status"
	for suite in ${2//,/ }; do
		case $suite in
		*-security)	uri=$security ;;
		*)		uri=$main ;;
		esac
		echo "deb [signed-by=$KEYRING] $uri $suite main"
	done >"$1/etc/sources.list"
	# Proxies may need a password.
	(umask 077
		apt-config dump Acquire | grep -E \
			'^Acquire::(https?|ftp)(::| )|^Acquire::Retries' || true
		cat <<-END
		APT::Architecture "amd64";
		APT::Architectures { "amd64"; };
		APT::Install-Recommends "false";
		Acquire::Languages "none";
		Dir::State "$1/state";
		Dir::State::status "$1/status";
		Dir::Cache "$1/cache";
		Dir::Etc "$1/etc";
		Dir::Etc::netrc "/etc/apt/auth.conf";
		Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
		END
	) >"$1/apt.conf"
}

# use_apt SUITE,...: from here on apt knows these suites and nothing else. The
# lists are those of today, or the last ones if there is no network.
use_apt()
{
	local dir=$CACHE/apt/${1//,/+}

	if [ ! -f "$dir/updated" ]; then
		configure "$dir" "$1"
	fi
	export APT_CONFIG=$dir/apt.conf
	[ -z "$(find "$dir/updated" -mmin -1440 2>/dev/null)" ] || return 0
	say "reading the package lists of $1"
	if apt_quiet update -o APT::Update::Error-Mode=any >&2; then
		touch "$dir/updated"
	elif [ -f "$dir/updated" ]; then
		say "no new lists; going on with those of" \
			"$(date -r "$dir/updated" +%F)"
	else
		die "apt could not read the package lists of $1"
	fi
}

# unpack DIR DEB...: the files of packages, without installing anything.
unpack()
{
	local dir=$1 deb

	shift
	for deb; do
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x -C "$dir" --keep-directory-symlink \
				--no-same-owner
	done
}

# make_root NAME PACKAGE...: sets $root to a folder of the cache with Debian
# packages and all that they depend on. They are only unpacked: no script of
# theirs runs, so it takes seconds and nobody needs to be root for it. SUITES
# says where they come from.
make_root()
{
	local name=$1 work

	shift
	root=$CACHE/roots/$name-$(echo "$SUITES $*" | sha256sum | cut -c1-16)
	if [ ! -d "$root" ]; then
		lock_cache matrix
	fi
	if [ ! -d "$root" ]; then
		mkdir -p "$CACHE/roots"
		work=$(mktemp -d "$CACHE/roots/.tmp.XXXXXX")
		if ! fill_root "$work" "$@"; then
			rm -rf "$work"
			die "apt could not download $*"
		fi
		mv -T "$work/root" "$root"
		rm -rf "$work"
		# Its date was that of the last package in it.
		touch "$root"
		find "$CACHE/roots" -mindepth 1 -maxdepth 1 -mtime +30 \
			-exec rm -rf {} +
	fi
	touch "$root"
}

# fill_root WORK PACKAGE...: downloads to WORK/debs, unpacks into WORK/root.
fill_root()
{
	local work=$1

	shift
	use_apt "$SUITES"
	say "unpacking $* of $SUITES into the cache"
	mkdir -p "$work"/{debs/partial,root}
	apt_quiet -y -o Debug::NoLocking=1 \
		-o Dir::Cache::archives="$work/debs" \
		--download-only install base-files "$@" >&2 || return
	# The links from /bin to /usr/bin, etc., are there before their content.
	unpack "$work/root" "$work"/debs/base-files_*.deb
	unpack "$work/root" "$work"/debs/*.deb
	rm -rf "$work"/root/usr/share/{doc,info,locale,man}
}

# has PACKAGE: whether apt can download it.
has()
{
	[ -n "$(apt-cache madison "$1" 2>/dev/null)" ]
}

# shellcheck disable=SC2016 # to be expanded in there
MOUNT_AND_ENTER='
	set -eu
	root=$1
	shift
	# objtool reads /proc.
	for dir in proc dev; do
		mount --rbind "/$dir" "$root/$dir"
	done
	while [ "$1" != -- ]; do
		mkdir -p "$root${1#*:}"
		mount --bind "${1%%:*}" "$root${1#*:}"
		shift
	done
	shift
	exec chroot "$root" /usr/bin/env -i LC_ALL=C PATH=/usr/sbin:/usr/bin "$@"
'

# in_root ROOT FOLDER:PLACE... -- COMMAND...: runs a command in a root that has
# these folders in these places; in a mount namespace of its own, so that
# nothing stays mounted.
in_root()
{
	local namespace=(unshare --mount)

	[ "$(id -u)" -eq 0 ] || namespace+=(--map-root-user)
	"${namespace[@]}" bash -c "$MOUNT_AND_ENTER" in_root "$@"
}

# debug_machine [NAME]: sets $where, what tests/vm/run needs to boot a kernel of
# debug-list; nothing without a name.
debug_machine()
{
	local image module

	where=()
	[ $# -gt 0 ] || return 0
	image=$("$KERNELS_DIR/debug" "$1")
	module=$("$KERNELS_DIR/build" "$1")
	where=(--image "$image" --module "$module")
	# Its reports of races in the kernel itself are no panic.
	[ "$1" != kcsan ] || where+=(--append panic_on_warn=0)
}
