export { sampleDigest, sampleEvent } from '../../src/testing/sample-event.js';
