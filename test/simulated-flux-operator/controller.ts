import type { Found, Kind } from './api.ts';
import { type Context, reconcile } from './reconcile.ts';

const firstPauseMs = 5;
const longestPauseMs = 1_000_000;
/** With the selectors of those that can be ours: of pods, only those of services are owned by a MiniCluster itself. */
const watched: readonly (readonly [Kind, string])[] = [
  ['miniclusters', ''],
  ['jobs', ''],
  ['services', ''],
  ['configmaps', ''],
  ['pods', 'app=flux-operator'],
];

interface Item {
  running: boolean;
  /** Something has changed while it ran. */
  changed: boolean;
  tries: number;
  timer?: NodeJS.Timeout;
}

/**
 * Looks at a MiniCluster when it or something that it owns changes; and, as what it does never counts as finished, again by
 * itself after pauses that double each time. One look at a time for each.
 */
export async function control(context: Context, signal: AbortSignal): Promise<void> {
  const items = new Map<string, Item>();

  function wake(key: string): void {
    const item = items.get(key) ?? { running: false, changed: false, tries: 0 };
    items.set(key, item);
    clearTimeout(item.timer);
    if (item.running) item.changed = true;
    else void look(key, item);
  }

  async function look(key: string, item: Item): Promise<void> {
    item.running = true;
    item.changed = false;
    const [namespace = '', name = ''] = key.split('/');
    const outcome = await reconcile(context, namespace, name).catch((error: unknown) => {
      context.log(`${key}: ${error instanceof Error ? error.message : String(error)}`);
      return 'again' as const;
    });
    item.running = false;
    if (signal.aborted) return;
    if (item.changed) return wake(key);
    if (outcome === 'done') {
      items.delete(key);
      return;
    }
    const pauseMs = Math.min(firstPauseMs * 2 ** item.tries, longestPauseMs);
    item.tries += 1;
    item.timer = setTimeout(() => wake(key), pauseMs);
  }

  const told = (kind: Kind) => (object: Found) => {
    const name = kind === 'miniclusters' ? object.metadata.name : ownerOf(object);
    if (name !== undefined) wake(`${object.metadata.namespace}/${name}`);
  };
  await Promise.all(watched.map(([kind, selector]) => context.api.watch(kind, selector, told(kind), signal)));
  for (const { timer } of items.values()) clearTimeout(timer);
}

function ownerOf({ metadata }: Found): string | undefined {
  return metadata.ownerReferences?.find(({ kind, controller }) => kind === 'MiniCluster' && controller)?.name;
}
