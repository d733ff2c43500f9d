// Prints the curves of seeds: curves MODEL SEEDS...      SEEDS: 7, -1, 0-63
#include <torch/script.h>

#include <charconv>
#include <cstdint>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::uint64_t kMostSeeds = 1'000'000;

struct UserError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Removes a 64-bit seed from the front of `text` and returns it, or nothing if there is none.
std::optional<std::int64_t> take_seed(std::string_view& text) {
  std::int64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(end - text.data());
  return seed;
}

// Parses `text`, such as 7, -1 or 0-63, and appends to `seeds`.
void add_seeds(const std::string& text, std::vector<std::int64_t>& seeds) {
  std::string_view rest = text;
  const auto first = take_seed(rest);
  auto last = first;
  if (first && rest.starts_with('-')) {
    rest.remove_prefix(1);
    last = take_seed(rest);
  }
  if (!first || !last || !rest.empty() || *last < *first)
    throw UserError("'" + text + "' is not a 64-bit seed or an ascending range: write 7, -1 or 0-63");
  // Unsigned, because the difference of two seeds may need 64 bits.
  const auto more = static_cast<std::uint64_t>(*last) - static_cast<std::uint64_t>(*first);
  if (more >= kMostSeeds - seeds.size())
    throw UserError("that is more than 1,000,000 seeds: request fewer at once");
  for (std::uint64_t i = 0; i <= more; ++i) seeds.push_back(*first + static_cast<std::int64_t>(i));
}

torch::jit::Module load_sampler(const std::string& path) {
  if (!std::ifstream(path).good()) throw UserError("can't read " + path);
  torch::jit::Module sampler;
  try {
    sampler = torch::jit::load(path, torch::kCPU);
  } catch (const c10::Error&) {
    throw UserError(path + " is not a TorchScript model: give a curvegan sampler's model.pt");
  }
  const auto method = sampler.find_method("forward");
  // The first argument is the module itself.
  if (!method || method->function().getSchema().arguments().size() != 2 ||
      method->function().getSchema().arguments()[1].name() != "seeds")
    throw UserError(path + " does not map seeds to curves: give a curvegan sampler's model.pt");
  return sampler;
}

// Returns the curves of `seeds`, float32 [n, n_points].
torch::Tensor curves_of(torch::jit::Module& sampler, std::vector<std::int64_t>& seeds) {
  const torch::InferenceMode no_gradients;
  const auto n = static_cast<std::int64_t>(seeds.size());
  torch::Tensor curves;
  try {
    curves = sampler.forward({torch::from_blob(seeds.data(), {n}, torch::kInt64)}).toTensor();
  } catch (const std::exception& error) {  // Another model with the same input, or out of memory.
    const std::string reason = error.what();
    throw UserError("the model can't make the curves: " + reason.substr(0, reason.find('\n')));
  }
  if (curves.dim() != 2 || curves.size(0) != n || curves.scalar_type() != torch::kFloat32)
    throw UserError("the model does not make curves: give a curvegan sampler's model.pt");
  return curves.contiguous();
}

void run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) throw UserError("usage: curves MODEL SEEDS...");
  std::vector<std::int64_t> seeds;
  for (auto text = arguments.begin() + 1; text != arguments.end(); ++text) add_seeds(*text, seeds);
  auto sampler = load_sampler(arguments[0]);
  const auto curves = curves_of(sampler, seeds);
  const auto values = curves.accessor<float, 2>();
  std::cout << std::setprecision(9);
  for (std::int64_t row = 0; row < curves.size(0); ++row) {
    std::cout << seeds[row];
    for (std::int64_t point = 0; point < curves.size(1); ++point)
      std::cout << ' ' << values[row][point];
    std::cout << '\n';
  }
  if (!std::cout.flush()) throw UserError("can't write the curves");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run({argv + 1, argv + argc});
  } catch (const UserError& error) {
    std::cerr << "error: " << error.what() << '\n';
    return 1;
  }
}
