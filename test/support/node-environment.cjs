/**
 * Jest runs tests in a vm realm with error classes of its own, so an error that Node itself throws (fs, net, http) is not
 * `instanceof Error` there, and p-retry, which asks, would not retry it. The realm's classes accept the outer ones too.
 */
const { TestEnvironment } = require('jest-environment-node');

const OUTER = { Error, TypeError, RangeError, SyntaxError, AggregateError, Function };

module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    for (const [name, Outer] of Object.entries(OUTER)) {
      const Inner = this.global[name];
      const isInner = Inner[Symbol.hasInstance];
      Object.defineProperty(Inner, Symbol.hasInstance, {
        value(candidate) {
          return isInner.call(this, candidate) || (this === Inner && candidate instanceof Outer);
        },
      });
    }
  }
};
