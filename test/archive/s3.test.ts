import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { s3Target } from '../../src/archive/s3.js';
import { linePathOf } from '../../src/archive/s3-notes.js';
import { nonce, systemClock } from '../../src/system.js';
import { BUCKET, type S3Server, startS3Server } from '../support/s3-server.js';
import { describeTarget } from './conformance.js';

let server: S3Server;
let prefixes = 0;

beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());

describeTarget('in S3-compatible storage', async () => {
  prefixes += 1;
  const prefix = `team's archive/${prefixes}`;
  const at = (path: string) => ({ Bucket: BUCKET, Key: `${prefix}/${path}` });
  const remove = async (path: string) => void (await server.client.send(new DeleteObjectCommand(at(path))));
  const put = async (path: string, bytes: Uint8Array) =>
    void (await server.client.send(new PutObjectCommand({ ...at(path), Body: bytes })));
  return {
    open: async () =>
      s3Target({ address: { bucket: BUCKET, prefix }, settings: server.settings, clock: systemClock, nonce }),
    put,
    remove,
    forget: async (file) => {
      await remove(`${file.path}.json`);
      await remove(linePathOf(file));
    },
    delayLine: async (file) => {
      const { Body } = await server.client.send(new GetObjectCommand(at(linePathOf(file))));
      const line = (await Body?.transformToByteArray()) ?? new Uint8Array();
      await remove(linePathOf(file));
      return () => put(linePathOf(file), line);
    },
  };
});
