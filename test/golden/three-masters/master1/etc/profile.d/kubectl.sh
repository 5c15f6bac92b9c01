# kubectl for root, as the administrator; a kubeconfig of root's own comes first.
if [ -z "${KUBECONFIG:-}" ] && [ -r /etc/kubernetes/admin.conf ] && [ ! -e "$HOME/.kube/config" ]; then
  export KUBECONFIG=/etc/kubernetes/admin.conf
fi
