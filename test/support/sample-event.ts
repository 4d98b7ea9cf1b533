export { sampleEvent } from '../../src/testing/sample-event.js';
