export { systemClock as realClock } from '../../src/system.js';
