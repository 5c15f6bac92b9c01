// A stand-in for nfs-client-provisioner (and its successor nfs-subdir-external-provisioner) in the lab, which cannot
// fetch the real image. It takes the same environment and the same mount, asks the API with the same rights, and leaves
// the same folders and volumes behind:
//
//	PROVISIONER_NAME      what a StorageClass calls it
//	NFS_SERVER, NFS_PATH  the export, which is mounted at /persistentvolumes
//
// A claim gets the folder NAMESPACE-CLAIM-VOLUME, mode 0777. When its volume is released and is to be deleted, the
// folder is renamed to archived-NAMESPACE-CLAIM-VOLUME, or removed if the class says archiveOnDelete: "false".
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	mount       = "/persistentvolumes"
	account     = "/var/run/secrets/kubernetes.io/serviceaccount/"
	asksFor     = "volume.beta.kubernetes.io/storage-provisioner"
	madeBy      = "pv.kubernetes.io/provisioned-by"
	leaderNote  = "control-plane.alpha.kubernetes.io/leader"
	claimsPath  = "/api/v1/persistentvolumeclaims"
	volumesPath = "/api/v1/persistentvolumes"
	classesPath = "/apis/storage.k8s.io/v1/storageclasses/"
)

type object map[string]any

type meta struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	UID         string            `json:"uid"`
	Annotations map[string]string `json:"annotations"`
}

type claim struct {
	Metadata meta `json:"metadata"`
	Spec     struct {
		AccessModes      []string `json:"accessModes"`
		StorageClassName string   `json:"storageClassName"`
		VolumeName       string   `json:"volumeName"`
		Resources        struct {
			Requests map[string]string `json:"requests"`
		} `json:"resources"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
	} `json:"status"`
}

type volume struct {
	Metadata meta `json:"metadata"`
	Spec     struct {
		ReclaimPolicy    string `json:"persistentVolumeReclaimPolicy"`
		StorageClassName string `json:"storageClassName"`
		NFS              struct {
			Path string `json:"path"`
		} `json:"nfs"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
	} `json:"status"`
}

type class struct {
	ReclaimPolicy string            `json:"reclaimPolicy"`
	MountOptions  []string          `json:"mountOptions"`
	Parameters    map[string]string `json:"parameters"`
}

type provisioner struct {
	name, server, path string
	base               string
	client             *http.Client
}

func main() {
	p := &provisioner{name: need("PROVISIONER_NAME"), server: need("NFS_SERVER"), path: need("NFS_PATH")}
	p.base = "https://" + net.JoinHostPort(need("KUBERNETES_SERVICE_HOST"), need("KUBERNETES_SERVICE_PORT"))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(read(account + "ca.crt"))
	p.client = &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
	}
	log.Printf("a stand-in for %s, volumes on %s:%s", p.name, p.server, p.path)
	for ; ; time.Sleep(time.Second) {
		if err := p.round(); err != nil {
			log.Print(err)
		}
	}
}

func (p *provisioner) round() error {
	if err := p.lead(); err != nil {
		return fmt.Errorf("leader election: %w", err)
	}
	var claims struct{ Items []claim }
	if err := p.call("GET", claimsPath, nil, &claims); err != nil {
		return err
	}
	for _, c := range claims.Items {
		if c.Status.Phase != "Pending" || c.Spec.VolumeName != "" || c.Metadata.Annotations[asksFor] != p.name {
			continue
		}
		if err := p.provision(c); err != nil {
			return fmt.Errorf("claim %s/%s: %w", c.Metadata.Namespace, c.Metadata.Name, err)
		}
	}
	var volumes struct{ Items []volume }
	if err := p.call("GET", volumesPath, nil, &volumes); err != nil {
		return err
	}
	for _, v := range volumes.Items {
		released := v.Status.Phase == "Released" || v.Status.Phase == "Failed"
		if !released || v.Spec.ReclaimPolicy != "Delete" || v.Metadata.Annotations[madeBy] != p.name {
			continue
		}
		if err := p.remove(v); err != nil {
			return fmt.Errorf("volume %s: %w", v.Metadata.Name, err)
		}
	}
	return nil
}

func (p *provisioner) provision(c claim) error {
	var of class
	if err := p.call("GET", classesPath+c.Spec.StorageClassName, nil, &of); err != nil {
		return err
	}
	name := "pvc-" + c.Metadata.UID
	folder := strings.Join([]string{c.Metadata.Namespace, c.Metadata.Name, name}, "-")
	if err := os.MkdirAll(filepath.Join(mount, folder), 0o777); err != nil {
		return err
	}
	// The umask of the process took some of it.
	if err := os.Chmod(filepath.Join(mount, folder), 0o777); err != nil {
		return err
	}
	err := p.call("POST", volumesPath, object{
		"apiVersion": "v1",
		"kind":       "PersistentVolume",
		"metadata":   object{"name": name, "annotations": object{madeBy: p.name}},
		"spec": object{
			"capacity":                      object{"storage": c.Spec.Resources.Requests["storage"]},
			"accessModes":                   c.Spec.AccessModes,
			"persistentVolumeReclaimPolicy": of.ReclaimPolicy,
			"storageClassName":              c.Spec.StorageClassName,
			"mountOptions":                  of.MountOptions,
			"nfs":                           object{"server": p.server, "path": filepath.Join(p.path, folder)},
			"claimRef": object{
				"apiVersion": "v1", "kind": "PersistentVolumeClaim",
				"namespace": c.Metadata.Namespace, "name": c.Metadata.Name, "uid": c.Metadata.UID,
			},
		},
	}, nil)
	if err == nil {
		log.Printf("made %s for %s/%s", folder, c.Metadata.Namespace, c.Metadata.Name)
		err = p.tell(c, "made volume "+name)
	}
	return err
}

func (p *provisioner) remove(v volume) error {
	var of class
	// A class that is gone said nothing: then nothing is lost.
	_ = p.call("GET", classesPath+v.Spec.StorageClassName, nil, &of)
	folder := filepath.Base(v.Spec.NFS.Path)
	var err error
	if of.Parameters["archiveOnDelete"] == "false" {
		err = os.RemoveAll(filepath.Join(mount, folder))
	} else {
		err = os.Rename(filepath.Join(mount, folder), filepath.Join(mount, "archived-"+folder))
	}
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	log.Printf("took back %s", folder)
	return p.call("DELETE", volumesPath+"/"+v.Metadata.Name, nil, nil)
}

// lead writes the record by which copies of the real program agree who works. There is one copy of this one: it
// needs the record only to find out whether it may write it.
func (p *provisioner) lead() error {
	path := "/api/v1/namespaces/" + string(read(account+"namespace")) + "/endpoints"
	name := strings.ReplaceAll(p.name, "/", "-")
	hostname, _ := os.Hostname()
	record, _ := json.Marshal(object{"holderIdentity": hostname, "renewTime": time.Now().UTC().Format(time.RFC3339)})
	found := object{}
	if err := p.call("GET", path+"/"+name, nil, &found); err != nil {
		return p.call("POST", path, object{"apiVersion": "v1", "kind": "Endpoints",
			"metadata": object{"name": name, "annotations": object{leaderNote: string(record)}}}, nil)
	}
	found["metadata"].(map[string]any)["annotations"] = object{leaderNote: string(record)}
	return p.call("PUT", path+"/"+name, found, nil)
}

// tell shows in `kubectl describe` of a claim what was done for it.
func (p *provisioner) tell(c claim, message string) error {
	now := time.Now().UTC().Format(time.RFC3339)
	return p.call("POST", "/api/v1/namespaces/"+c.Metadata.Namespace+"/events", object{
		"apiVersion": "v1", "kind": "Event", "type": "Normal", "reason": "ProvisioningSucceeded", "message": message,
		"metadata": object{"generateName": c.Metadata.Name + ".", "namespace": c.Metadata.Namespace},
		"involvedObject": object{"apiVersion": "v1", "kind": "PersistentVolumeClaim",
			"namespace": c.Metadata.Namespace, "name": c.Metadata.Name, "uid": c.Metadata.UID},
		"source": object{"component": p.name}, "firstTimestamp": now, "lastTimestamp": now, "count": 1,
	}, nil)
}

// call does one request; answer, if any, is filled with what came back. Any status from 300 on is an error.
func (p *provisioner) call(method, path string, body object, answer any) error {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequest(method, p.base+path, &content)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+string(read(account+"token")))
	request.Header.Set("Content-Type", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

func need(name string) string {
	value := os.Getenv(name)
	if value == "" {
		log.Fatalf("environment variable %s is not set", name)
	}
	return value
}

func read(file string) []byte {
	content, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	return content
}
