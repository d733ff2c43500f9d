// TorchScript in libtorch: see measure.py for the arguments.
#include <ATen/Parallel.h>
#include <torch/script.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr std::int64_t kRowsPerRun = 1000;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) return 2;
  const bool is_int64 = std::string(argv[3]) == "INT64";
  at::set_num_threads(1);
  const torch::InferenceMode no_gradients;
  auto model = torch::jit::load(argv[1], torch::kCPU);

  std::vector<std::int64_t> shape;
  std::stringstream sizes(argv[4]);
  for (std::string size; std::getline(sizes, size, ',');) shape.push_back(std::stoll(size));

  std::ifstream file(argv[5], std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const auto size = static_cast<std::int64_t>(bytes.size());
  const auto numbers = is_int64 ? torch::from_blob(bytes.data(), {size / 8}, torch::kInt64)
                                : torch::from_blob(bytes.data(), {size / 4}, torch::kFloat32);
  const auto rows = numbers.reshape(shape);
  const auto parts = rows.split(kRowsPerRun);
  std::vector<torch::Tensor> made;
  for (const auto& part : parts) made.push_back(model.forward({part}).toTensor());
  const auto curves = torch::cat(made).contiguous();
  std::ofstream(argv[6], std::ios::binary)
      .write(static_cast<const char*>(curves.data_ptr()),
             static_cast<std::streamsize>(curves.nbytes()));

  std::vector<double> times;
  const double until = now() + std::stod(argv[7]);
  do {
    const double start = now();
    for (const auto& part : parts) model.forward({part});
    times.push_back(now() - start);
  } while (now() < until);
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  std::cout << "{\"version\": \"" << TORCH_VERSION << "\", \"curves_per_second\": "
            << static_cast<double>(rows.size(0)) / times[times.size() / 2] << "}\n";
}
