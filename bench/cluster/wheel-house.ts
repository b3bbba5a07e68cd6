import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Packages that pods install when they start, without a network beyond this machine. */
export interface WheelHouse extends AsyncDisposable {
  /** For pip, in the pods. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Serves packages and all that they depend on, for the Python that runs this bench, at an address that pods reach. */
export async function openWheelHouse(requirements: readonly string[], host: string): Promise<WheelHouse> {
  const folder = mkdtempSync(join(tmpdir(), 'konverge-wheels-'));
  execFileSync('python', ['-m', 'pip', 'download', '--quiet', '--dest', folder, ...requirements], { stdio: 'inherit' });
  const port = await freePort(host);
  const server = spawn('python', ['-m', 'http.server', '--bind', host, '--directory', folder, String(port)], {
    stdio: 'ignore',
  });
  const url = `http://${host}:${port}/`;
  await answers(url);
  return {
    environment: {
      PIP_NO_INDEX: '1',
      PIP_FIND_LINKS: url,
      PIP_TRUSTED_HOST: host,
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
    },
    async [Symbol.asyncDispose]() {
      server.kill();
      await once(server, 'close');
      rmSync(folder, { recursive: true });
    },
  };
}

async function freePort(host: string): Promise<number> {
  const probe = createServer().listen(0, host);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error(`no port of ${host} is known`);
  return address.port;
}

async function answers(url: string): Promise<void> {
  const untilMs = performance.now() + 20_000;
  for (;;) {
    try {
      await fetch(url);
      return;
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
