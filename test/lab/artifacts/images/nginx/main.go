// A stand-in for nginx in the lab, which cannot fetch the real image: it answers every request
// with the pod's name and writes an access log where nginx does, so that a cluster's
// services, logs and volumes can be tested. Arguments are taken and ignored, as in `nginx -g "daemon off;"`.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

const accessLog = "/var/log/nginx/access.log"

func main() {
	hostname, err := os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	access, err := openLog(accessLog)
	if err != nil {
		log.Fatal(err)
	}

	server := &http.Server{Addr: ":80", ReadHeaderTimeout: 10 * time.Second, Handler: answer(hostname, access)}
	// PID 1 of a container gets no default signal handling.
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT)
	defer cancel()
	go func() {
		<-stop.Done()
		_ = server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}

// openLog makes the folder too: a volume may be mounted over the image's own.
// Lines go to stdout as well, where the real image links its log, for kubectl logs.
func openLog(path string) (io.Writer, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	return io.MultiWriter(file, os.Stdout), nil
}

func answer(hostname string, access io.Writer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "lab-stand-in-for-nginx")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		body := hostname + "\n"
		_, _ = io.WriteString(w, body)

		client, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			client = r.RemoteAddr
		}
		fmt.Fprintf(access, "%s - - [%s] %q 200 %d %q %q\n", client,
			time.Now().Format("02/Jan/2006:15:04:05 -0700"),
			r.Method+" "+r.RequestURI+" "+r.Proto, len(body), orDash(r.Referer()), orDash(r.UserAgent()))
	})
}

func orDash(value string) string {
	if value == "" {
		return "-"
	}
	return value
}
