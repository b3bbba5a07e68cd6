import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { agentEntry } from '../../../src/daemon/agent-entry.ts';
import type { StepId } from '../../../src/domain/brand.ts';
import type { StoreSettings } from '../../../src/domain/object-location.ts';
import { parsePodReport } from '../../../src/domain/pod-handshake.ts';
import type { PodJob, PodReport } from '../../../src/domain/pod-job.ts';
import { secretKeys } from '../../../src/domain/pod-layout.ts';
import {
  buildPodAgentCommand,
  buildPodWrapper,
  type PodLayout,
  podHooks,
  podLayoutBelow,
} from '../../../src/domain/pod-wrapper.ts';
import type { StagingPlan } from '../../../src/domain/staging.ts';
import type { LiveAgent } from '../live-agent.ts';

/** How /bin/sh of the step's image may look. */
export interface Shell {
  readonly name: string;
  readonly program: string;
}

export interface PodOptions {
  readonly commands: readonly string[];
  /** Absent: nothing is moved. */
  readonly plan?: StagingPlan;
  readonly settings?: StoreSettings;
  readonly step?: string;
  readonly uid?: string;
  readonly envFile?: string;
  readonly workdir?: string;
  readonly logLimitBytes?: number;
  /** Environment of the step's container. */
  readonly env?: Readonly<Record<string, string>>;
  readonly shell?: string;
  /** User and group of the containers; only root can choose. */
  readonly agentAs?: { readonly uid: number; readonly gid: number };
  readonly stepAs?: { readonly uid: number; readonly gid: number };
  /** Scripts around the commands. */
  readonly hooks?: { readonly before?: string; readonly after?: string };
  readonly role?: 'rank';
  /** The agent's program. Default: the sources. */
  readonly program?: readonly string[];
}

let pods = 0;

/** A pod without Kubernetes: its two containers are processes, and its volumes lie in a temporary folder. */
export class Pod {
  readonly root: string = mkdtempSync(join(tmpdir(), 'konverge-pod-'));
  readonly layout: PodLayout = podLayoutBelow(this.root);
  readonly workdir: string;
  agent: ChildProcess | undefined;
  /** What the agents have printed. */
  agentOutput = '';
  private readonly options: PodOptions;
  private readonly message = join(this.root, 'termination-log');

  constructor(host: LiveAgent, options: PodOptions) {
    this.options = options;
    this.workdir = options.workdir ?? this.layout.work;
    const { commands, agentConfig, shared } = this.layout;
    for (const folder of [commands, agentConfig, shared]) mkdirSync(folder, { recursive: true });
    for (const folder of [this.root, shared]) chmodSync(folder, 0o777);
    writeFileSync(
      join(commands, secretKeys.wrapper),
      buildPodWrapper(this.layout, this.message, options.hooks ? { hooks: true } : {}),
    );
    for (const name of ['before', 'after'] as const) {
      const text = options.hooks?.[name];
      if (text !== undefined) writeFileSync(join(commands, podHooks[name]), text);
    }
    for (const [n, text] of options.commands.entries()) writeFileSync(join(commands, `command-${n}`), text);
    if (options.envFile !== undefined) writeFileSync(join(commands, 'env.sh'), options.envFile);
    const job: PodJob = {
      version: 1,
      step: (options.step ?? `pod${pods++}-a1-g1`) as StepId,
      workdir: this.workdir,
      commands: options.commands.length,
      ...(options.plan && { staging: options.plan }),
      stores: options.settings === undefined ? host.access.stores : { main: options.settings },
      environment: {},
      logs: host.at('.logs/step'),
      logLimitBytes: options.logLimitBytes ?? 64 * 1024 * 1024,
    };
    writeFileSync(join(agentConfig, secretKeys.job), JSON.stringify(job));
    onTestFinished(() => rmSync(this.root, { recursive: true, force: true }));
  }

  startAgent(): ChildProcess {
    const { program = [process.execPath, agentEntry()], uid, role, agentAs } = this.options;
    const [file = '', ...argv] = buildPodAgentCommand(this.layout, [...program, 'pod', this.root]);
    const agent = spawn(file, argv, {
      env: {
        PATH: process.env['PATH'],
        ...(uid !== undefined && { KONVERGE_POD_UID: uid }),
        ...(role && { KONVERGE_POD_ROLE: role }),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...agentAs,
    });
    this.agent = agent;
    for (const stream of [agent.stdout, agent.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.agentOutput += chunk.toString();
      });
    }
    onTestFinished(() => void agent.kill('SIGKILL'));
    return agent;
  }

  /** Kills the agent and waits until it is gone. */
  async endAgent(signal: NodeJS.Signals): Promise<number | null> {
    const { agent } = this;
    if (agent === undefined) throw new Error('no agent');
    if (agent.exitCode !== null || agent.signalCode !== null) return agent.exitCode;
    const ended = once(agent, 'close');
    agent.kill(signal);
    await ended;
    return agent.exitCode;
  }

  startStep({ program }: Shell): Step {
    const args = [join(this.layout.commands, secretKeys.wrapper), this.workdir, String(this.options.commands.length)];
    const child = spawn(program, [...args, this.options.shell ?? 'bash'], {
      env: this.options.env ?? { PATH: process.env['PATH'] },
      stdio: ['ignore', 'inherit', 'pipe'],
      // A container has a session of its own.
      detached: true,
      argv0: 'sh',
      ...this.options.stepAs,
    });
    let complaints = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaints += chunk.toString();
    });
    const ended = once(child, 'close').then(() => {
      if (complaints !== '') throw new Error(`the wrapper says: ${complaints}`);
      return child.exitCode;
    });
    ended.catch(() => undefined);
    onTestFinished(() => {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {
        // Nothing of it is left.
      }
    });
    return { pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal) };
  }

  /** Both from beginning to end, as the kubelet does it; resolves with the exit code of the step. */
  async run(shell: Shell): Promise<number | null> {
    this.startAgent();
    const code = await this.startStep(shell).ended;
    await this.endAgent('SIGTERM');
    return code;
  }

  /** What the core would see in the pod's status. */
  get report(): PodReport {
    const report = parsePodReport(readFileSync(this.message, 'utf8'));
    if (report === undefined) throw new Error('no report');
    return report;
  }

  get hasReport(): boolean {
    return existsSync(this.message);
  }

  log(stream: 'stdout' | 'stderr'): string {
    const path = join(this.layout.logs, stream);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Of the step's working directory. */
  has(path: string): boolean {
    return existsSync(join(this.workdir, path));
  }
}

interface Step {
  readonly pid: number;
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

export async function until(what: () => boolean): Promise<void> {
  while (!what()) await pause(10);
}
