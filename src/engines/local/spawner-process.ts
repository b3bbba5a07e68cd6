/** From the core: an environment that later requests name, or a process to start. */
export type SpawnerRequest =
  | { readonly kind: 'environment'; readonly environment: number; readonly variables: NodeJS.ProcessEnv }
  | {
      readonly kind: 'spawn';
      readonly id: number;
      readonly args: readonly string[];
      readonly cwd: string;
      readonly stdout: string;
      readonly stderr: string;
      readonly environment: number;
      readonly added: Readonly<Record<string, string>>;
    };

/** To the core: about the process of a request. `started` comes before `ended`. */
export type SpawnerAnswer =
  | { readonly kind: 'started'; readonly id: number; readonly pid: number }
  | { readonly kind: 'failed'; readonly id: number; readonly code: string; readonly message: string }
  | {
      readonly kind: 'ended';
      readonly id: number;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
    };

/**
 * What the spawner process does (see spawner.ts). Its text is handed to `node -e`, so that it needs no file of its own in a
 * bundle: it must use nothing from outside itself, and gets Node's modules without `import`.
 */
export function spawnerMain(): void {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { closeSync, openSync } = process.getBuiltinModule('node:fs');
  const environments = new Map<number, NodeJS.ProcessEnv>();
  const answer = (message: SpawnerAnswer): void => {
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  };
  const start = (request: Extract<SpawnerRequest, { kind: 'spawn' }>): void => {
    const { id, args, cwd, environment, added } = request;
    const fail = (error: NodeJS.ErrnoException): void =>
      answer({ kind: 'failed', id, code: error.code ?? '', message: error.message });
    const opened: number[] = [];
    try {
      for (const path of [request.stdout, request.stderr]) opened.push(openSync(path, 'a'));
      const child = spawn('/bin/sh', [...args], {
        cwd,
        env: { ...environments.get(environment), ...added },
        stdio: ['ignore', ...opened],
        // A session, and so a process group, of its own.
        detached: true,
      });
      child.once('error', fail);
      if (child.pid === undefined) return;
      answer({ kind: 'started', id, pid: child.pid });
      child.once('exit', (code, signal) => answer({ kind: 'ended', id, code, signal }));
    } catch (error) {
      fail(error as NodeJS.ErrnoException);
    } finally {
      for (const descriptor of opened) closeSync(descriptor);
    }
  };
  process.on('message', (message) => {
    const request = message as SpawnerRequest;
    if (request.kind === 'environment') environments.set(request.environment, request.variables);
    else start(request);
  });
  // The core is gone, or wants no more: what was started goes on.
  process.on('disconnect', () => process.exit(0));
}
