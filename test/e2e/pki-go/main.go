// pki-go verifies certificates the way Kubernetes does: with Go's crypto/x509.
//
//	pki-go FOLDER
//
// FOLDER holds one folder per authority: ca.crt, and leaf certificates named USAGE[+USAGE].NAME.crt, where USAGE is
// server or client. Every leaf has to verify for its usages and for no other, and for every name and address in it.
package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

var usages = map[string]x509.ExtKeyUsage{
	"server": x509.ExtKeyUsageServerAuth,
	"client": x509.ExtKeyUsageClientAuth,
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: pki-go FOLDER")
		os.Exit(2)
	}
	leafs, err := filepath.Glob(filepath.Join(os.Args[1], "*", "*.*.crt"))
	if err != nil || len(leafs) == 0 {
		fmt.Fprintln(os.Stderr, "no certificates in", os.Args[1])
		os.Exit(2)
	}
	bad := 0
	for _, leaf := range leafs {
		if err := verify(leaf, filepath.Join(filepath.Dir(leaf), "ca.crt")); err != nil {
			fmt.Printf("bad %s: %v\n", leaf, err)
			bad++
		} else {
			fmt.Printf("ok  %s\n", leaf)
		}
	}
	if bad > 0 {
		os.Exit(1)
	}
}

func verify(path, caPath string) error {
	leaf, err := read(path)
	if err != nil {
		return err
	}
	ca, err := read(caPath)
	if err != nil {
		return err
	}
	if leaf.SerialNumber.Sign() <= 0 {
		return fmt.Errorf("serial number %v", leaf.SerialNumber)
	}
	if len(leaf.AuthorityKeyId) == 0 || !bytes.Equal(leaf.AuthorityKeyId, ca.SubjectKeyId) {
		return fmt.Errorf("authority key id %x, not %x", leaf.AuthorityKeyId, ca.SubjectKeyId)
	}
	wanted := strings.Split(strings.SplitN(filepath.Base(path), ".", 2)[0], "+")
	for _, name := range wanted {
		if err := chain(leaf, ca, usages[name]); err != nil {
			return fmt.Errorf("as %s: %v", name, err)
		}
	}
	for name, usage := range usages {
		if !contains(wanted, name) && chain(leaf, ca, usage) == nil {
			return fmt.Errorf("accepted as %s", name)
		}
	}
	return names(leaf, contains(wanted, "server"))
}

func chain(leaf, ca *x509.Certificate, usage x509.ExtKeyUsage) error {
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{usage}})
	return err
}

func names(leaf *x509.Certificate, server bool) error {
	all := append([]string{}, leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		all = append(all, ip.String())
	}
	if server && len(all) == 0 {
		return fmt.Errorf("a server without a name")
	}
	for _, name := range all {
		if err := leaf.VerifyHostname(name); err != nil {
			return err
		}
	}
	return nil
}

func read(path string) (*x509.Certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode(data)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("%s is not one PEM block", path)
	}
	return x509.ParseCertificate(block.Bytes)
}

func contains(list []string, value string) bool {
	for _, item := range list {
		if item == value {
			return true
		}
	}
	return false
}
