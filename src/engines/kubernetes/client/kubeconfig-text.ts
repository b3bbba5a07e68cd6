import path from 'node:path';
import { parseDocument } from 'yaml';
import { KonvergeError } from '../../../domain/error.ts';
import { asRecord } from './call-failure.ts';

/** A kubeconfig file, with what the library does not understand put into words that it does. */
export interface KubeconfigText {
  readonly content: Readonly<Record<string, unknown>>;
  /** By user: headers that the library does not send. */
  readonly impersonation: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** Throws `cluster-unconfigured`, with the place of the mistake but never a line of the file: it holds credentials. */
export function readKubeconfigText(file: string, text: string): KubeconfigText {
  const document = parseDocument(text, { prettyErrors: true });
  const [mistake] = document.errors;
  if (mistake !== undefined) {
    const line = mistake.linePos?.[0].line;
    const where = line === undefined ? '' : ` in line ${line}`;
    throw new KonvergeError('cluster-unconfigured', `the kubeconfig ${file} is not YAML: ${mistake.code}${where}`);
  }
  const content = asRecord(document.toJS());
  if (!Array.isArray(content['clusters']) || !Array.isArray(content['contexts'])) {
    throw new KonvergeError('cluster-unconfigured', `${file} is no kubeconfig: it has no clusters or no contexts`);
  }
  const impersonation: Record<string, Record<string, string | readonly string[]>> = {};
  const users: unknown = content['users'];
  for (const entry of Array.isArray(users) ? users.map(asRecord) : []) {
    const user = asRecord(entry['user']);
    adaptTokenFile(user, path.dirname(file));
    adaptProgram(user, path.dirname(file));
    const headers = impersonationOf(user);
    if (Object.keys(headers).length > 0) impersonation[String(entry['name'])] = headers;
  }
  return { content, impersonation };
}

/** The library overlooks `tokenFile`; as a service account's token it reads it, and reads it again each minute. */
function adaptTokenFile(user: Record<string, unknown>, folder: string): void {
  const { tokenFile } = user;
  if (typeof tokenFile !== 'string' || typeof user['token'] === 'string') return;
  user['auth-provider'] = { name: 'tokenFile', config: { tokenFile: path.resolve(folder, tokenFile) } };
}

/** As kubectl starts a credential program: relative to the kubeconfig, and told what is asked of it. */
function adaptProgram(user: Record<string, unknown>, folder: string): void {
  const program = asRecord(user['exec']);
  const { command, apiVersion, env } = program;
  if (typeof command !== 'string') return;
  if (command.includes('/')) program['command'] = path.resolve(folder, command);
  const variables = Array.isArray(env) ? env.map(asRecord) : [];
  if (variables.some(({ name }) => name === 'KUBERNETES_EXEC_INFO')) return;
  const value = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec: { interactive: false } });
  program['env'] = [...variables, { name: 'KUBERNETES_EXEC_INFO', value }];
}

function impersonationOf(user: Readonly<Record<string, unknown>>): Record<string, string | readonly string[]> {
  const groups = user['as-groups'];
  const uid = user['as-uid'];
  return {
    ...(Array.isArray(groups) && groups.length > 0 && { 'Impersonate-Group': groups.map(String) }),
    ...(typeof uid === 'string' && { 'Impersonate-Uid': uid }),
  };
}
