import { addonData } from '../../../src/addons/catalog.ts';
import { addressOf, settings } from './lab.ts';

/** Where the lab's registry has an image. */
const inLab = (image: string): string =>
  `${settings.controller}:5000/${image.slice(image.lastIndexOf('/') + 1)}`;

/** The suite's inventory with the images of add-on prometheus from the lab's registry, and a control plane that tells others. */
export const withPrometheus =
  (addons: string) =>
  (text: string): string => {
    const mirrors = Object.values(addonData('prometheus').images).map(
      (image) => `    '${image}': '${inLab(image)}'\n`,
    );
    const told = `  extraArgs: { listen-metrics-urls: 'http://${addressOf('m1')}:2381' }\n`;
    return `${text
      .replace(/^images:\n/m, `images:\n  mirrors:\n${mirrors.join('')}`)
      .replace(/^etcd:\n/m, `etcd:\n${told}`)}
controllerManager:
  extraArgs: { bind-address: 0.0.0.0 }
scheduler:
  extraArgs: { bind-address: 0.0.0.0 }
addons: ${addons}
`;
  };
