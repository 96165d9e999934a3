#!/bin/sh
# Makes the Debian package from a daemon that is built, with the command line `muster` beside it:
# deploy/package/build-deb.sh PROGRAM [DIRECTORY]
# Prints the package's path. DEB_VERSION and SOURCE_DATE_EPOCH replace what the program and git say, DEB_COMPRESSION xz. The
# same program gives the same bytes.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
program=$(realpath "$1")
client=$(dirname "$program")/muster
directory=$(realpath -m "${2:-.build/package}")
version=${DEB_VERSION:-$("$program" version | sed 's/^musterd //')}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$source" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
day=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)

# put MODE FILE PLACE
put() { install -D -m "$1" "$2" "$root/$3"; }

put 755 "$program" usr/bin/musterd
put 755 "$client" usr/bin/muster
strip --strip-unneeded --remove-section=.comment --remove-section=.note "$root/usr/bin/musterd" "$root/usr/bin/muster"
put 644 "$source/deploy/systemd/musterd.service" lib/systemd/system/musterd.service
put 644 "$source/deploy/systemd/musterd.socket" lib/systemd/system/musterd.socket
put 644 "$source/deploy/systemd/musterd.sysusers" usr/lib/sysusers.d/musterd.conf
put 644 "$source/deploy/systemd/musterd.tmpfiles" usr/lib/tmpfiles.d/musterd.conf
put 644 "$source/config/musterd.yaml" etc/musterd/musterd.yaml

"$program" --generate-completion-script bash | sed '1{/^#!/d}' >"$work/completion"
put 644 "$work/completion" usr/share/bash-completion/completions/musterd
"$client" --generate-completion-script bash | sed '1{/^#!/d}' >"$work/completion"
put 644 "$work/completion" usr/share/bash-completion/completions/muster
"$client" --generate-completion-script zsh >"$work/completion"
put 644 "$work/completion" usr/share/zsh/vendor-completions/_muster
"$client" --generate-completion-script fish >"$work/completion"
put 644 "$work/completion" usr/share/fish/vendor_completions.d/muster.fish

sed "s/@VERSION@/$version/; s/@DATE@/$day/" "$source/deploy/man/musterd.8" >"$work/musterd.8"
# The page about the configuration holds the configuration itself, so that it says what is true.
{
    sed "s/@VERSION@/$version/; s/@DATE@/$day/" "$source/deploy/man/musterd.yaml.5"
    echo .nf
    sed 's/\\/\\e/g; s/-/\\-/g; s/^\([.'"'"']\)/\\\&\1/' "$source/config/musterd.yaml"
    echo .fi
} >"$work/musterd.yaml.5"
"$client" manual --date "$day" >"$work/muster.1"
for page in muster.1 musterd.8 musterd.yaml.5; do
    gzip -9n "$work/$page"
    put 644 "$work/$page.gz" "usr/share/man/man${page##*.}/$page.gz"
done

put 644 "$here/copyright" usr/share/doc/musterd/copyright
{
    echo "musterd ($version) unstable; urgency=medium"
    echo
    echo "  * What changed is told by the repository's history."
    echo
    echo " -- Muster's authors <muster@example.invalid>  $(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$work/changelog.gz"
put 644 "$work/changelog.gz" usr/share/doc/musterd/changelog.gz
put 644 "$here/lintian-overrides" usr/share/lintian/overrides/musterd

# What the programs need is read from the programs.
mkdir "$work/debian" "$root/DEBIAN"
printf 'Source: musterd\n\nPackage: musterd\nArchitecture: any\n' >"$work/debian/control"
needs=$(cd "$work" && dpkg-shlibdeps -O root/usr/bin/musterd root/usr/bin/muster 2>"$work/complaints") || {
    cat "$work/complaints" >&2
    exit 1
}
sed -e "s/@VERSION@/$version/" \
    -e "s/@ARCHITECTURE@/$(dpkg --print-architecture)/" \
    -e "s/@NEEDS@/${needs#shlibs:Depends=}/" \
    -e "s/@SIZE@/$(du -k -s --apparent-size "$root" | cut -f1)/" "$here/control" >"$root/DEBIAN/control"
echo /etc/musterd/musterd.yaml >"$root/DEBIAN/conffiles"
for script in postinst prerm postrm; do put 755 "$here/$script" "DEBIAN/$script"; done
(cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\n' | sort | xargs -r -d '\n' md5sum >DEBIAN/md5sums)

find "$root" -print0 | xargs -0 touch --no-dereference --date="@$SOURCE_DATE_EPOCH"
mkdir -p "$directory"
package=$directory/musterd_${version}_$(dpkg --print-architecture).deb
dpkg-deb --root-owner-group -Z"${DEB_COMPRESSION:-xz}" --build "$root" "$package" >/dev/null
echo "$package"
