#!/bin/sh
# Copies the server's programs of the old image to where upgrade.sh finds them as OLD_BIN.
#
# Reads: PROGRAMS_DIR (a volume that both containers mount) TMPDIR TERMINATION_LOG
# PROGRAMS_DIR/root holds bindir, pkglibdir and sharedir in the places that they have to each
# other, which is how PostgreSQL finds them; PROGRAMS_DIR/lib the libraries of the old image but
# for the C library's own; PROGRAMS_DIR/bin starts the programs with them. Written last: `complete`.
# shellcheck source-path=SCRIPTDIR source=job.sh
. "$(dirname "$0")/job.sh"
export JOB="copying the old programs"
programs="postgres pg_ctl pg_controldata pg_resetwal pg_config"

# The C library and its loader belong together and come from the image that runs.
copy_libraries() {
  { LD_TRACE_LOADED_OBJECTS=1 "$@" || true; } 2> /dev/null |
    sed -n 's|^[[:space:]]*[^ ]* => \(/[^ ]*\) (0x.*|\1|p' | while IFS= read -r library; do
    case "$(basename "$library")" in
      ld-linux* | ld64* | libc.so* | libm.so* | libpthread.so* | libdl.so* | librt.so* | libresolv.so* | libutil.so* | libnss_* | libnsl*) ;;
      *) test -e "$PROGRAMS_DIR/lib/$(basename "$library")" || cp -L "$library" "$PROGRAMS_DIR/lib/" ;;
    esac
  done
}

copy_tree() {
  mkdir -p "$PROGRAMS_DIR/root$2"
  for entry in "$1"/*; do
    case "$(basename "$entry")" in
      # Compilation of queries is never asked for here, and it is most of the size.
      bitcode | llvmjit*) ;;
      *) test ! -e "$entry" || cp -R -L "$entry" "$PROGRAMS_DIR/root$2/" ;;
    esac
  done
}

copy_all() {
  bindir=$(pg_config --bindir)
  pkglibdir=$(pg_config --pkglibdir)
  sharedir=$(pg_config --sharedir)
  mkdir -p "$PROGRAMS_DIR/bin" "$PROGRAMS_DIR/lib" "$PROGRAMS_DIR/root$bindir"
  for program in $programs; do
    cp -L "$bindir/$program" "$PROGRAMS_DIR/root$bindir/"
    copy_libraries "$bindir/$program"
    # shellcheck disable=SC2016 # expanded when the program is started
    printf '#!/bin/sh\nLD_LIBRARY_PATH="%s/lib" exec "%s/root%s/%s" "$@"\n' \
      "$PROGRAMS_DIR" "$PROGRAMS_DIR" "$bindir" "$program" > "$PROGRAMS_DIR/bin/$program"
    chmod 0755 "$PROGRAMS_DIR/bin/$program"
  done
  copy_tree "$pkglibdir" "$pkglibdir"
  copy_tree "$sharedir" "$sharedir"
  loader=$({ LD_TRACE_LOADED_OBJECTS=1 "$bindir/postgres" || true; } | sed -n 's|^[[:space:]]*\(/[^ ]*/ld[^ ]*\) (0x.*|\1|p' | head -n 1)
  test -n "$loader" || return 0
  for library in "$PROGRAMS_DIR/root$pkglibdir"/*.so; do
    copy_libraries "$loader" "$library"
  done
}

test -d "$PROGRAMS_DIR" || fail 65 "there is no directory $PROGRAMS_DIR to copy the old programs to"
guard
if test ! -f "$PROGRAMS_DIR/complete"; then
  (cd "$PROGRAMS_DIR" && rm -rf bin lib root)
  copy_all 2> "$errors" || fail 1 "could not copy the old programs: $(words)"
  "$PROGRAMS_DIR/bin/postgres" --version > "$PROGRAMS_DIR/complete.new" 2> "$errors" ||
    fail 1 "the copied programs do not start: $(words)"
  mv "$PROGRAMS_DIR/complete.new" "$PROGRAMS_DIR/complete"
fi
version=$(sed -e 's/^[^0-9]*//' -e 's/ .*//' "$PROGRAMS_DIR/complete")
size=$(du -sk "$PROGRAMS_DIR" | cut -f 1)
succeed "{\"version\": \"$version\", \"size\": $((size * 1024))}"
