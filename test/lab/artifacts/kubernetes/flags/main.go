// Prints the flags of every Kubernetes server, one line each: binary, flag, "deprecated" or "-", "hidden" or "-".
// A --help text leaves hidden flags out, and a flag that upstream deprecated by mark is hidden:
// the servers still take it, so a test of rendered command lines must know it.
package main

import (
	"fmt"
	"io/ioutil"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app/options"
	kubectl "k8s.io/kubernetes/pkg/kubectl/cmd"
)

func main() {
	// A command declares its flags once, and the shared global ones twice would panic:
	// one process prints one binary.
	switch binary := os.Args[1]; binary {
	case "kube-apiserver":
		printCommand(binary, apiserver.NewAPIServerCommand())
	case "kube-controller-manager":
		printCommand(binary, controllermanager.NewControllerManagerCommand())
	case "kube-scheduler":
		printCommand(binary, scheduler.NewSchedulerCommand())
	case "kube-proxy":
		printCommand(binary, proxy.NewProxyCommand())
	case "kubectl":
		printCommand(binary, kubectl.NewKubectlCommand(os.Stdin, ioutil.Discard, ioutil.Discard))
	case "kubelet":
		printFlags(binary, kubeletFlags())
	default:
		fmt.Fprintf(os.Stderr, "unknown binary %s\n", binary)
		os.Exit(2)
	}
}

// The kubelet parses its flags by itself: its command has none.
func kubeletFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	configuration, err := kubelet.NewKubeletConfiguration()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	kubelet.NewKubeletFlags().AddFlags(flags)
	kubelet.AddKubeletConfigFlags(flags, configuration)
	kubelet.AddGlobalFlags(flags)
	return flags
}

func printCommand(binary string, command *cobra.Command) {
	printFlags(binary, command.PersistentFlags())
	printFlags(binary, command.Flags())
}

func printFlags(binary string, flags *pflag.FlagSet) {
	flags.VisitAll(func(flag *pflag.Flag) {
		deprecated := flag.Deprecated != "" || strings.Contains(flag.Usage, "DEPRECATED")
		fmt.Println(binary, flag.Name, mark(deprecated, "deprecated"), mark(flag.Hidden, "hidden"))
	})
}

func mark(holds bool, word string) string {
	if holds {
		return word
	}
	return "-"
}
