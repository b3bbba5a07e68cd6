import { KonvergeError } from '../../../domain/error.ts';
import type { GpuRequest } from '../../../domain/resources.ts';

/** What the device plugins of the vendors call their devices, and what their feature discovery labels nodes with. */
const vendors: Readonly<Record<string, { readonly resource: string; readonly modelLabel: string }>> = {
  nvidia: { resource: 'nvidia.com/gpu', modelLabel: 'nvidia.com/gpu.product' },
  amd: { resource: 'amd.com/gpu', modelLabel: 'amd.com/gpu.product-name' },
  intel: { resource: 'gpu.intel.com/i915', modelLabel: 'gpu.intel.com/product' },
};

export interface GpuResources {
  readonly amounts: Readonly<Record<string, string>>;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly object[];
}

/**
 * `gpu`, `gpu_manufacturer` and `gpu_model` of a rule. The manufacturer may be the name of a resource too
 * (`gpu.intel.com/xe`, `nvidia.com/mig-1g.5gb`); without one it is nvidia. The model is the value of the vendor's node label, or
 * `label=value` for another label, such as `cloud.google.com/gke-accelerator=nvidia-l4`. Throws `resource-invalid`.
 */
export function gpuResources(rule: string, gpu: GpuRequest | undefined): GpuResources {
  if (gpu === undefined) return { amounts: {}, nodeSelector: {}, tolerations: [] };
  const vendor = gpu.vendor ?? 'nvidia';
  const known = vendors[vendor.toLowerCase()] ?? (vendor.includes('/') ? { resource: vendor } : undefined);
  if (known === undefined) {
    throw new KonvergeError(
      'resource-invalid',
      `rule ${rule}, resource gpu_manufacturer: ${JSON.stringify(vendor)} is not known; known are ${Object.keys(vendors).join(', ')}, and names of resources such as gpu.intel.com/xe`,
    );
  }
  const modelLabel = 'modelLabel' in known ? known.modelLabel : undefined;
  return {
    amounts: { [known.resource]: String(gpu.count) },
    nodeSelector: gpu.model === undefined ? {} : selectorOf(rule, gpu.model, modelLabel),
    // Nodes with devices are tainted by the device's name, by convention (ExtendedResourceToleration).
    tolerations: [{ key: known.resource, operator: 'Exists', effect: 'NoSchedule' }],
  };
}

function selectorOf(rule: string, model: string, modelLabel: string | undefined): Record<string, string> {
  const [, key = modelLabel, value = ''] = /^(?:([^=]+)=)?(.*)$/s.exec(model) ?? [];
  // Feature discovery writes `NVIDIA A100` as NVIDIA-A100.
  const written = value.trim().replaceAll(/\s+/g, '-');
  if (key === undefined || !/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(written)) {
    const remedy = key === undefined ? 'needs the label of a node here: label=value' : 'cannot be the label of a node';
    throw new KonvergeError('resource-invalid', `rule ${rule}, resource gpu_model: ${JSON.stringify(model)} ${remedy}`);
  }
  return { [key]: written };
}
