import path from 'node:path';
import type { Cluster } from './cluster.ts';

/** Where the cluster is, for tests. What looks for a cluster by itself finds this one, not the user's. */
export function testEnvironment({ kubeconfig, s3, build }: Cluster, searchPath: string | undefined): NodeJS.ProcessEnv {
  const kubectl = build.of('kubectl');
  return {
    KUBECONFIG: kubeconfig,
    PATH: [path.dirname(kubectl), searchPath].join(path.delimiter),
    KONVERGE_TEST_KUBECONFIG: kubeconfig,
    KONVERGE_TEST_KUBECTL: kubectl,
    KONVERGE_TEST_S3_ENDPOINT: s3.endpoint,
    KONVERGE_TEST_S3_ACCESS_KEY: s3.accessKey,
    KONVERGE_TEST_S3_SECRET_KEY: s3.secretKey,
  };
}
