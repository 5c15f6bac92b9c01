import { settings } from './lab.ts';

/** The image that add-on metrics-server asks for, of the tag that the lab has unless another one is named. */
export const metricsImage = (tag = 'v0.3.6'): string => `k8s.gcr.io/metrics-server-amd64:${tag}`;

/** The suite's inventory with images from the lab's registry, an autoscaler that does not wait for minutes, and add-ons. */
export const withAddons =
  (addons: string, image = metricsImage()) =>
  (text: string): string =>
    `${text.replace(
      /^images:\n/m,
      `images:\n  mirrors: { '${image}': '${image.replace('k8s.gcr.io', `${settings.controller}:5000`)}' }\n`,
    )}
controllerManager:
  extraArgs:
    horizontal-pod-autoscaler-sync-period: 5s
    horizontal-pod-autoscaler-cpu-initialization-period: 10s
    horizontal-pod-autoscaler-downscale-stabilization: 20s
addons: ${addons}
`;
