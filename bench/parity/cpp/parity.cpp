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

torch::Tensor read(const std::string& datatype, const std::string& shape, const char* path) {
  std::vector<std::int64_t> sizes;
  std::stringstream text(shape);
  for (std::string size; std::getline(text, size, ',');) sizes.push_back(std::stoll(size));
  std::ifstream file(path, std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const auto size = static_cast<std::int64_t>(bytes.size());
  const auto numbers = datatype == "INT64"
                           ? torch::from_blob(bytes.data(), {size / 8}, torch::kInt64)
                           : torch::from_blob(bytes.data(), {size / 4}, torch::kFloat32);
  return numbers.reshape(sizes).clone();
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 8 || argc % 4 != 0) return 2;
  at::set_num_threads(1);
  const torch::InferenceMode no_gradients;
  auto model = torch::jit::load(argv[1], torch::kCPU);

  std::vector<std::vector<c10::IValue>> parts;
  std::int64_t rows = 0;
  for (int at = 4; at < argc; at += 4) {
    const auto numbers = read(argv[at + 1], argv[at + 2], argv[at + 3]);
    rows = numbers.size(0);
    const auto split = numbers.split(kRowsPerRun);
    parts.resize(split.size());
    for (std::size_t i = 0; i < split.size(); ++i) parts[i].emplace_back(split[i]);
  }
  std::vector<torch::Tensor> made;
  for (const auto& part : parts) made.push_back(model.forward(part).toTensor());
  const auto curves = torch::cat(made).contiguous();
  std::ofstream(argv[2], std::ios::binary)
      .write(static_cast<const char*>(curves.data_ptr()),
             static_cast<std::streamsize>(curves.nbytes()));

  std::vector<double> times;
  const double until = now() + std::stod(argv[3]);
  do {
    const double start = now();
    for (const auto& part : parts) model.forward(part);
    times.push_back(now() - start);
  } while (now() < until);
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  std::cout << "{\"version\": \"" << TORCH_VERSION << "\", \"curves_per_second\": "
            << static_cast<double>(rows) / times[times.size() / 2] << "}\n";
}
