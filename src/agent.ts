#!/usr/bin/env node
import { runAgent } from './daemon/agent-process.ts';
import { runPodAgent } from './daemon/pod-agent-process.ts';

/**
 * The entry of the agent's own program: the core stays without the client libraries of the stores. `agent.mjs pod` is the agent
 * beside a step in its pod; otherwise it is the core's.
 */
const [, , place, root] = process.argv;
if (place === 'pod') await runPodAgent(root);
else runAgent();
