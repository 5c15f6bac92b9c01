// A stand-in for configmap-reload in the lab, whose source is in no archive of modules that it reaches. It takes the same
// flags and does the same: when a mounted ConfigMap or Secret has changed, it asks an address to read it anew.
package main

import (
	"flag"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

type folders []string

func (all *folders) String() string { return strings.Join(*all, ",") }

func (all *folders) Set(folder string) error {
	*all = append(*all, folder)
	return nil
}

// A kubelet changes what is in a volume by one link, to a folder of another name.
func (all folders) versions() string {
	var text strings.Builder
	for _, folder := range all {
		target, err := os.Readlink(filepath.Join(folder, "..data"))
		if err != nil {
			log.Print(err)
		}
		text.WriteString(target + "\n")
	}
	return text.String()
}

func main() {
	var watched folders
	flag.Var(&watched, "volume-dir", "a mounted volume; may be given several times")
	address := flag.String("webhook-url", "", "what is asked when one has changed")
	flag.Parse()
	if len(watched) == 0 || *address == "" {
		log.Fatal("--volume-dir and --webhook-url must be given")
	}
	for known := watched.versions(); ; time.Sleep(2 * time.Second) {
		if now := watched.versions(); now != known && asked(*address) {
			known = now
		}
	}
}

func asked(address string) bool {
	client := http.Client{Timeout: 10 * time.Second}
	answer, err := client.Post(address, "text/plain", nil)
	if err != nil {
		log.Print(err)
		return false
	}
	defer answer.Body.Close()
	log.Printf("asked %s: %s", address, answer.Status)
	return answer.StatusCode == http.StatusOK
}
