import { type Api, call, told } from './api.ts';
import { asRecord } from './call-failure.ts';
import type { AccessQuestion, CallOptions } from './cluster-client.ts';

const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
/** So many questions at once. */
const portion = 8;

/** Asks the server whether this user may; every user may ask. In the order of the questions. */
export async function askAccess(
  api: Api,
  questions: readonly AccessQuestion[],
  options: CallOptions = {},
): Promise<readonly boolean[]> {
  const what = { verb: 'create', resource: 'selfsubjectaccessreviews.authorization.k8s.io' };
  const answers: boolean[] = [];
  const left = questions.entries();
  const work = async () => {
    for (const [index, { verb, group, resource, subresource, namespace }] of left) {
      const resourceAttributes = { verb, group, resource, subresource, namespace };
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes },
      };
      const request = { method: 'POST' as const, path, body, doing: what, signal: options.signal };
      const review = asRecord(await call(api, request, options.patienceMs));
      answers[index] = asRecord(review['status'])['allowed'] === true;
    }
  };
  return told(api, what, async () => {
    await Promise.all(Array.from({ length: Math.min(portion, questions.length) }, work));
    return answers;
  });
}
