/* A dense layer with ReLU in C: forward, backward, and a step, from what golden.h gives.
 *
 * It writes every quantity to mine.bin, in the order of the manifest that `backprop run --save golden.bin` makes.
 * REAL is the type of its numbers. The cases of MISTAKE are what people write.
 */
#include <stdio.h>

#include "golden.h"

#ifndef REAL
#define REAL double
#endif
#ifndef MISTAKE
#define MISTAKE 0
#endif
enum { MEAN = 1, COLUMN_MAJOR, NO_MASK, ASCENT };

static REAL my_z[n_samples][n_neurons], my_outputs[n_samples][n_neurons], my_dz[n_samples][n_neurons];
static REAL my_dinputs[n_samples][n_inputs], my_dweights[n_inputs][n_neurons], my_dbiases[n_neurons];
static REAL my_new_weights[n_inputs][n_neurons], my_new_biases[n_neurons];

static void forward(void) {
  for (int n = 0; n < n_samples; n++)
    for (int j = 0; j < n_neurons; j++) {
      my_z[n][j] = (REAL)biases[j];
      for (int i = 0; i < n_inputs; i++) my_z[n][j] += (REAL)inputs[n][i] * (REAL)weights[i][j];
      my_outputs[n][j] = my_z[n][j] > 0 ? my_z[n][j] : 0;
    }
}

static void backward(void) {
  for (int n = 0; n < n_samples; n++)
    for (int j = 0; j < n_neurons; j++) {
      my_dz[n][j] = my_z[n][j] > 0 || MISTAKE == NO_MASK ? (REAL)upstream[n][j] : 0;
      my_dbiases[j] += my_dz[n][j];
      for (int i = 0; i < n_inputs; i++) {
        my_dinputs[n][i] += my_dz[n][j] * (REAL)weights[i][j];
        my_dweights[i][j] += (REAL)inputs[n][i] * my_dz[n][j];
      }
    }
  for (int i = 0; i < n_inputs && MISTAKE == MEAN; i++)
    for (int j = 0; j < n_neurons; j++) my_dweights[i][j] /= n_samples;
}

static void step(void) {
  const REAL rate = MISTAKE == ASCENT ? -(REAL)learning_rate : (REAL)learning_rate;
  for (int j = 0; j < n_neurons; j++) {
    my_new_biases[j] = (REAL)biases[j] - rate * my_dbiases[j];
    for (int i = 0; i < n_inputs; i++) my_new_weights[i][j] = (REAL)weights[i][j] - rate * my_dweights[i][j];
  }
}

static void store_columns(void) { /* one after the other, as BLAS does */
  REAL flat[n_inputs * n_neurons];
  for (int i = 0; i < n_inputs; i++)
    for (int j = 0; j < n_neurons; j++) flat[j * n_inputs + i] = my_dweights[i][j];
  for (int k = 0; k < n_inputs * n_neurons; k++) my_dweights[k / n_neurons][k % n_neurons] = flat[k];
}

#define WRITE(array) (fwrite((array), sizeof(array), 1, file) == 1)

int main(void) {
  forward();
  backward();
  step();
  if (MISTAKE == COLUMN_MAJOR) store_columns();
  FILE *file = fopen("mine.bin", "wb");
  if (file == NULL) return 1;
  const int written = WRITE(my_z) && WRITE(my_outputs) && WRITE(my_dz) && WRITE(my_dinputs) && WRITE(my_dweights) &&
                      WRITE(my_dbiases) && WRITE(my_new_weights) && WRITE(my_new_biases);
  return fclose(file) == 0 && written ? 0 : 1;
}
