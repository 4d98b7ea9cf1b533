export { createManualClock, type ManualClock } from '../../src/testing/manual-clock.js';
