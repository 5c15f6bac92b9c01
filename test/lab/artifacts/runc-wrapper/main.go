// A wrapper that stands as /usr/bin/runc on the lab's hosts and hands over to Debian's runc.
//
// The machine of the lab may lack CAP_SYS_RESOURCE, and then a negative oom_score_adj is refused: every pod sandbox
// and every guaranteed pod would fail, for they ask for -998. The wrapper takes a negative value out of the bundle's
// config.json before the container is made. Nothing else is changed.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const realRunc = "/usr/libexec/lab/runc.real"

func main() {
	if bundle, creates := bundleOf(os.Args[1:]); creates {
		// runc itself explains best what is wrong with a bundle, so an error here is only told.
		if err := dropNegativeScore(filepath.Join(bundle, "config.json")); err != nil {
			fmt.Fprintln(os.Stderr, "runc wrapper of the lab:", err)
		}
	}
	err := syscall.Exec(realRunc, append([]string{"runc"}, os.Args[1:]...), os.Environ())
	fmt.Fprintln(os.Stderr, "runc wrapper of the lab:", realRunc, err)
	os.Exit(1)
}

// bundleOf says whether the command line makes a container, and of which bundle.
func bundleOf(arguments []string) (bundle string, creates bool) {
	bundle = "."
	for i, argument := range arguments {
		switch {
		case argument == "create" || argument == "run" || argument == "restore":
			creates = true
		case (argument == "--bundle" || argument == "-b") && i+1 < len(arguments):
			bundle = arguments[i+1]
		case strings.HasPrefix(argument, "--bundle="):
			bundle = strings.TrimPrefix(argument, "--bundle=")
		}
	}
	return bundle, creates
}

// dropNegativeScore keeps all other fields byte for byte, whatever version of the format they are of.
func dropNegativeScore(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var spec, process map[string]json.RawMessage
	if err := json.Unmarshal(text, &spec); err != nil {
		return err
	}
	if err := json.Unmarshal(spec["process"], &process); err != nil {
		return err
	}
	score, set := process["oomScoreAdj"]
	if !set || !strings.HasPrefix(string(score), "-") {
		return nil
	}
	delete(process, "oomScoreAdj")
	if spec["process"], err = json.Marshal(process); err != nil {
		return err
	}
	if text, err = json.Marshal(spec); err != nil {
		return err
	}
	return replace(path, text)
}

func replace(path string, text []byte) error {
	information, err := os.Stat(path)
	if err != nil {
		return err
	}
	temporary := path + ".lab"
	if err := os.WriteFile(temporary, text, information.Mode().Perm()); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
