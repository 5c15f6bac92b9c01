# What add-on ingress-nginx runs: the real controller before Debian's nginx. Sourced by addon-images.sh, never run.
# shellcheck shell=bash
# shellcheck disable=SC2154  # work and ARTIFACTS_DIR are those of pack.sh and lib.sh

# The releases are in no archive of modules: this is upstream's main branch of June 2020, between 0.33.0 and 0.34.0, and
# says so of itself. Its own nginx is in none either; Debian's lacks Lua in its stream module and some directives, so the
# template goes without TCP and UDP services and GeoIP. images/ingress/lua stands in for libraries that Debian lacks.
build_ingress_nginx() {
  local root="$work/ingress-root" tag=0.26.1 commit=0e19740ee2e4 module=k8s.io/ingress-nginx
  local modules=/usr/lib/nginx/modules template package
  local packages=(
    libc6 libcrypt1 libgcc-s1 libpcre2-8-0 libpcre3 libssl3 zlib1g diffutils dumb-init
    nginx nginx-common libnginx-mod-http-ndk libnginx-mod-http-lua libnginx-mod-http-headers-more-filter
    libnginx-mod-stream libluajit2-5.1-2 lua-cjson lua-resty-core lua-resty-lrucache lua-nginx-cookie lua-nginx-dns
  )
  busybox_root "$root"
  echo 'www-data:x:33:33:www-data:/:/bin/false' >>"$root/etc/passwd"
  echo 'www-data:x:33:' >>"$root/etc/group"
  fetch_debs "$work/ingress-debs" "${packages[@]}"
  for package in "${packages[@]}"; do unpack_deb "$work/ingress-debs" "$package" "$root"; done
  rm -rf "$root"/usr/share/{doc,lintian,man} "$root"/etc/{init.d,nginx/sites-enabled}

  go_module_source "$module@v0.0.0-20200630043014-$commit" "$work/ingress-nginx"
  (
    cd "$work/ingress-nginx" || exit 1
    while read -r old replacement version; do
      go mod edit -replace "$old=$replacement@$version"
    done < <(data_lines "$ARTIFACTS_DIR/kubernetes/replacements.txt")
    CGO_ENABLED=0 go build -ldflags "-s -w -X $module/version.RELEASE=0.33.0+$commit" \
      -o "$root/nginx-ingress-controller" ./cmd/nginx
    CGO_ENABLED=0 go build -ldflags "-s -w" -o "$root/wait-shutdown" ./cmd/waitshutdown
  )
  cp -r "$work/ingress-nginx/rootfs/etc/." "$root/etc/"
  cp -r "$ARTIFACTS_DIR/images/ingress/lua/." "$root/etc/nginx/lua/"
  template="$root/etc/nginx/template/nginx.tmpl"
  awk -v modules="$modules" '
    /^stream \{/ { skipped = 1 }
    skipped && !/^}/ { next }
    skipped { skipped = 0; streams = 1; print "stream { server { listen 127.0.0.1:10247; return \"\"; } }"; next }
    /^ *(ajp_temp_path|geoip_(country|city|org|proxy_recursive)) / { next }
    /^daemon off;/ {
      loaded = split("ndk_http ngx_http_lua ngx_http_headers_more_filter ngx_stream", names, " ")
      for (i = 1; i <= loaded; i++) print "load_module " modules "/" names[i] "_module.so;"
    }
    { print }
    END { exit !(streams && loaded) }
  ' "$work/ingress-nginx/rootfs/etc/nginx/template/nginx.tmpl" >"$template"

  mkdir -p "$root"/usr/local/nginx/sbin "$root"/var/{lib,log}/nginx "$root"/etc/nginx/geoip \
    "$root"/etc/ingress-controller/{ssl,auth}
  ln -s /usr/sbin/nginx "$root/usr/local/nginx/sbin/nginx"
  ln -sf /dev/stdout "$root/var/log/nginx/access.log"
  ln -sf /dev/stderr "$root/var/log/nginx/error.log"
  # wait-shutdown says `bash -c "pkill -SIGTERM -f nginx-ingress-controller"`, and neither is here.
  printf '#!/bin/sh\nexec sh "$@"\n' >"$root/bin/bash"
  # shellcheck disable=SC2016  # expanded in the container
  printf '#!/bin/sh\nkill -TERM $(pidof "$3")\n' >"$root/usr/bin/pkill"
  chmod +x "$root/bin/bash" "$root/usr/bin/pkill"
  # It does not run as root, and all files of an archive are root's.
  chmod -R a+rwX "$root"/var/{lib,log}/nginx "$root"/etc/{nginx,ingress-controller}
  setcap cap_net_bind_service=+ep "$root/nginx-ingress-controller"
  setcap cap_net_bind_service=+ep "$root/usr/sbin/nginx"
  TAR_OPTIONS='--xattrs --xattrs-include=security.capability --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \
    pack nginx-ingress-controller "$tag" "$root" '{
    "Entrypoint":["/usr/bin/dumb-init","--"],
    "Cmd":["/nginx-ingress-controller"],
    "Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    "User":"33",
    "ExposedPorts":{"80/tcp":{},"443/tcp":{}}}'
}
