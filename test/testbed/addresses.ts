/** Where the parts of the testbed listen. One cluster runs per machine, so everything is fixed. */
export const addresses = {
  /** Everything that is not for pods listens here. */
  loopback: '127.0.0.1',
  bridge: 'konverge0',
  /** Of the machine, as pods see it: S3, DNS and the kubelet are here. */
  host: '10.88.0.1',
  podNetwork: '10.88.0.0/16',
  /** The first of the addresses of pods. */
  podRangeStart: '10.88.0.10',
  serviceNetwork: '10.96.0.0/16',
  /** The service `kubernetes` in `default`: pods reach the API server by it. */
  apiService: '10.96.0.1',
  clusterDomain: 'cluster.local',
} as const;

export const ports = {
  apiServer: 6443,
  etcd: 2379,
  etcdPeer: 2380,
  kubelet: 10250,
  kubeletHealth: 10248,
  controllerManager: 10257,
  scheduler: 10259,
  dns: 53,
  dnsHealth: 8091,
  dnsReady: 8092,
  kueueHealth: 8081,
  kueueMetrics: 8443,
  kueueWebhook: 9443,
  kueueVisibility: 8082,
  jobsetHealth: 8181,
  jobsetMetrics: 8445,
  jobsetWebhook: 9444,
  mpiHealth: 8080,
  fluxHealth: 8083,
  s3: 7070,
  kwok: 10247,
} as const;

export const nodeName = 'testbed';
export const apiServerUrl = `https://${addresses.loopback}:${ports.apiServer}`;

/** Of the S3 server; the same for everybody, it holds nothing but tests. Path style; the bucket is there from the start. */
export const s3 = {
  endpoint: `http://${addresses.host}:${ports.s3}`,
  accessKey: 'testbed',
  secretKey: 'testbedsecret',
  bucket: 'testbed',
} as const;
