/** A class that its module does not register: who imports it may. @module */

export class Circle {
  constructor(readonly radius: number) {}

  wider(by: number): Circle {
    return new Circle(this.radius + by);
  }
}
