// Verge in C++17: RAII and exceptions over the C interface. Header only; link libverge.
//
//   verge::Model model("model.vpk");
//   verge::Session session(model);
//   session.set_input(0, pixels);            // any contiguous container of the input's size
//   session.run();
//   std::vector<float> scores = session.output<float>(0);
#pragma once
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "verge/verge.h"

namespace verge {

class Exception : public std::runtime_error {
 public:
  explicit Exception(verge_code code) : std::runtime_error(verge_last_error()), code_(code) {}
  verge_code code() const { return code_; }

 private:
  verge_code code_;
};

inline void require(verge_code code) {
  if (code != VERGE_OK) throw Exception(code);
}

class Model {
 public:
  explicit Model(const std::string& path, int threads = 1) {
    const verge_options options{sizeof(verge_options), threads};
    verge_model* model = nullptr;
    require(verge_model_open(path.c_str(), &options, &model));
    model_.reset(model);
  }
  size_t input_count() const { return verge_model_input_count(get()); }
  size_t output_count() const { return verge_model_output_count(get()); }
  verge_tensor_info input(size_t i) const {
    verge_tensor_info info;
    require(verge_model_input(get(), i, &info));
    return info;
  }
  verge_tensor_info output(size_t i) const {
    verge_tensor_info info;
    require(verge_model_output(get(), i, &info));
    return info;
  }
  std::string manifest() const { return verge_model_manifest(get()); }
  const verge_model* get() const { return model_.get(); }

 private:
  struct Close {
    void operator()(verge_model* m) const { verge_model_close(m); }
  };
  std::unique_ptr<verge_model, Close> model_;
};

class Session {
 public:
  explicit Session(const Model& model) : model_(&model) {
    verge_session* session = nullptr;
    require(verge_session_create(model.get(), &session));
    session_.reset(session);
  }
  // `values` is contiguous and has the input's bytes. The model must outlive the session's use of names and shapes.
  template <typename Container> void set_input(size_t i, const Container& values) {
    require(verge_session_set_input(session_.get(), i, values.data(), values.size() * sizeof(*values.data())));
  }
  void run() { require(verge_session_run(session_.get())); }
  template <typename T> std::vector<T> output(size_t i) const {
    std::vector<T> out(model_->output(i).bytes / sizeof(T));
    require(verge_session_get_output(session_.get(), i, out.data(), out.size() * sizeof(T)));
    return out;
  }

 private:
  struct Close {
    void operator()(verge_session* s) const { verge_session_close(s); }
  };
  const Model* model_;
  std::unique_ptr<verge_session, Close> session_;
};

}  // namespace verge
